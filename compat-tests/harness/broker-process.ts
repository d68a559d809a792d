/** The built broker as a process of its own, as users run it: started, stopped, killed and started again on the same port and data. */

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export type EngineName = 'memory' | 'file'

export interface BrokerOptions {
  engine: EngineName
  /** The data folder, where it is not to be a new one of its own; it is the caller's to remove. */
  data?: string
  /** Flags after `odradek start`, such as `['-o', 'flush.messages=1']`. */
  flags?: readonly string[]
}

export class BrokerProcess {
  readonly port: number
  readonly bootstrap: string
  /** The data folder; undefined in memory. */
  readonly data: string | undefined
  /** What the broker has printed so far, over all its lives. */
  output = ''
  private readonly flags: readonly string[]
  private readonly isOwnData: boolean
  private child: ChildProcess | undefined
  private ended: Promise<number | null> = Promise.resolve(null)
  /** It is this test's doing that the process ends. */
  private ending = false

  private constructor(port: number, options: BrokerOptions) {
    this.port = port
    this.bootstrap = `127.0.0.1:${port}`
    this.isOwnData = options.data === undefined
    this.data = options.data ?? newFolder(options.engine)
    this.flags = options.flags ?? []
  }

  static async start(options: BrokerOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(await freePort(), options)
    await broker.start()
    return broker
  }

  get pid(): number {
    return this.child!.pid!
  }

  /** Resolves with the milliseconds from start to the first connection that was accepted. */
  async start(): Promise<number> {
    this.ending = false
    const began = performance.now()
    const store = this.data ? ['--data', this.data] : ['--memory']
    const args = [cli, 'start', '--port', String(this.port), ...store, ...this.flags]
    const { NODE_EXTRA_CA_CERTS: _slow, ...environment } = process.env
    const child = spawn(process.execPath, args, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (this.output += chunk.toString()))
    let exited = false
    this.ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        exited = true
        if (!this.ending) console.error(`the broker ended by ${signal ?? code}:\n${this.output}`)
        resolve(code)
      })
    })
    while (!(await accepts(this.port))) {
      if (exited) throw new Error(`the broker ended before it listened:\n${this.output}`)
      if (performance.now() - began > 20_000) throw new Error(`no listener:\n${this.output}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return performance.now() - began
  }

  /** Sends SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.ending = true
    this.child?.kill('SIGTERM')
    return this.ended
  }

  /** Sends SIGKILL, as an out-of-memory killer would. */
  async kill(): Promise<void> {
    this.ending = true
    this.child?.kill('SIGKILL')
    await this.ended
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Stops and removes the data. */
  async dispose(): Promise<void> {
    await this.stop()
    if (this.data && this.isOwnData) rmSync(this.data, { recursive: true, force: true })
  }
}

function newFolder(engine: EngineName): string | undefined {
  return engine === 'file' ? mkdtempSync(join(tmpdir(), 'odradek-')) : undefined
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve((address as { port: number }).port))
    })
  })
}
