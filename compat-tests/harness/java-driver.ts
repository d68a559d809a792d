/** The Java program of compat-tests/java: compiled once per state of its sources, started once per test file. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Outcome, run, toolClassPath } from './programs.ts'

const sources = fileURLToPath(new URL('../java', import.meta.url))
const cache = fileURLToPath(new URL('../../node_modules/.cache/java-driver', import.meta.url))

/** What a request may take before the Java machine is killed. */
const TIMEOUT_MS = 60_000

/** Resolves with the folder of the classes. */
async function compiled(classPath: string): Promise<string> {
  const files = readdirSync(sources).map((name) => join(sources, name))
  const state = createHash('sha256').update(classPath)
  for (const file of files) state.update(readFileSync(file))
  const folder = join(cache, state.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  const made = `${folder}.${process.pid}`
  mkdirSync(made, { recursive: true })
  const { code, stderr } = await run('javac', ['-nowarn', '-d', made, '-cp', classPath, ...files], {
    timeoutMs: TIMEOUT_MS,
  })
  if (code !== 0) throw new Error(`javac:\n${stderr}`)
  try {
    renameSync(made, folder)
  } catch {
    // Another run has just compiled the same.
    rmSync(made, { recursive: true, force: true })
  }
  return folder
}

interface Answer {
  id: number
  ok?: unknown
  error?: string
  message?: string
}

/** What Java threw, by the name of its class. */
export class JavaError extends Error {
  readonly className: string
  readonly text: string

  constructor(className: string, text: string) {
    super(`${className}: ${text}`)
    this.className = className
    this.text = text
  }
}

export class JavaDriver {
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, (answer: Answer) => void>()
  private lastId = 0
  private stderr = ''

  private constructor(child: ChildProcess) {
    this.child = child
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer
      this.waiting.get(answer.id)?.(answer)
    })
    child.on('exit', () => {
      for (const [id, settle] of this.waiting) {
        settle({ id, error: 'Ended', message: this.stderr.slice(-4000) })
      }
    })
    child.stdin!.on('error', () => {})
  }

  static async start(bootstrap: string): Promise<JavaDriver> {
    const classPath = await toolClassPath()
    const classes = await compiled(classPath)
    const flags = [
      '-Xmx512m',
      '-Xshare:auto',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
    ]
    const args = [...flags, '-cp', `${classes}:${classPath}`, 'Driver', bootstrap]
    return new JavaDriver(spawn('java', args, { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  /** Resolves with what the command gives; rejects with a JavaError. One command runs at a time. */
  async do<Result = unknown>(command: string, asked: object = {}): Promise<Result> {
    const id = ++this.lastId
    const answer = await new Promise<Answer>((resolve) => {
      const timer = setTimeout(() => {
        this.child.kill('SIGKILL')
        resolve({ id, error: 'Overdue', message: `${command}: ${this.stderr.slice(-4000)}` })
      }, TIMEOUT_MS)
      this.waiting.set(id, (settled) => {
        clearTimeout(timer)
        resolve(settled)
      })
      this.child.stdin!.write(`${JSON.stringify({ id, do: command, with: asked })}\n`)
    })
    this.waiting.delete(id)
    if (answer.error !== undefined) throw new JavaError(answer.error, answer.message ?? '')
    return answer.ok as Result
  }

  /** Runs one of Kafka's command line tools in the same Java machine. */
  tool(className: string, args: readonly string[], input = ''): Promise<Outcome> {
    return this.do<Outcome>('tool', { class: className, args, input })
  }

  stop(): void {
    this.child.kill('SIGKILL')
  }
}
