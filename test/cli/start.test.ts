import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { requestFrame } from '../../src/protocol/frame.ts'
import { Fetch } from '../../src/protocol/messages/01-fetch.ts'
import { ApiVersions } from '../../src/protocol/messages/18-api-versions.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'dist/cli.js')

interface Run {
  child: ChildProcess
  stdout: string
  stderr: string
  /** Resolves with the exit code, or the signal. */
  ended: Promise<number | string | null>
}

let folder: string
const runs: Run[] = []

function odradek(args: string[], env: Record<string, string> = {}, uid?: number): Run {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid !== undefined && { uid }),
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal))
  })
  const run: Run = { child, stdout: '', stderr: '', ended }
  child.stdout.on('data', (bytes: Buffer) => (run.stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (run.stderr += bytes.toString()))
  runs.push(run)
  return run
}

/** Resolves with the port that the banner names. */
async function listening(run: Run): Promise<number> {
  const { stdout } = run.child
  while (!run.stdout.includes('\n  cluster')) {
    const ended = run.ended.then((code) => {
      throw new Error(`ended with ${code}: ${run.stderr}`)
    })
    await Promise.race([new Promise((resolve) => stdout!.once('data', resolve)), ended])
  }
  return Number(/ listens on \S+:(\d+)\n/.exec(run.stdout)![1])
}

/** Asks ApiVersions and, in the same write, a fetch that waits for a minute: when the first is answered, the second is parked. */
async function parkFetch(port: number): Promise<{ replies: Promise<Buffer> }> {
  const origin = (correlationId: number) => ({ correlationId, clientId: 'test' })
  const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }
  const frames = [
    ...requestFrame(ApiVersions, 0, origin(1), {}),
    ...requestFrame(Fetch, 4, origin(2), {
      replicaId: -1,
      maxWaitMs: 60_000,
      minBytes: 1,
      maxBytes: 1000,
      topics: [{ topic: 'orders', partitions: [partition] }],
    }),
  ]
  const socket = connect(port, '127.0.0.1')
  let received = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
  })
  const replies = new Promise<Buffer>((resolve) => socket.on('close', () => resolve(received)))
  socket.write(Buffer.concat(frames))
  await once(socket, 'data')
  return { replies }
}

/** The correlation ids of the replies in these bytes. */
function correlationIds(bytes: Buffer): number[] {
  const ids: number[] = []
  for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at)) {
    ids.push(bytes.readInt32BE(at + 4))
  }
  return ids
}

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'])
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-start-'))
})
afterEach(async () => {
  for (const { child, ended } of runs.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
})

describe('odradek start', () => {
  test('keeps its data in .odradek of the current folder, under one cluster id', async () => {
    const first = odradek(['-p', '0'])
    await listening(first)
    expect(first.stdout).toContain(join(folder, '.odradek'))
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    const second = odradek(['start', '--port=0'])
    await listening(second)
    const cluster = (run: Run) => / cluster +(\S+)/.exec(run.stdout)![1]
    expect(cluster(second)).toBe(cluster(first))
  })

  test('in memory it leaves nothing behind', async () => {
    const run = odradek(['-p', '0', '--memory'])
    await listening(run)
    run.child.kill('SIGINT')
    expect(await run.ended).toBe(0)
    expect(existsSync(join(folder, '.odradek'))).toBe(false)
  })

  test('reads a file, the environment and flags, and lists what has no effect', async () => {
    writeFileSync(join(folder, 'server.properties'), 'log.dirs=from-file\nnum.io.threads=3\n')
    const env = { KAFKA_LISTENERS: 'PLAINTEXT://127.0.0.1:0', KAFKA_NUM_PARTITION: '3' }
    const run = odradek(['-c', 'server.properties', '-o', 'num.network.threads=2'], env)
    await listening(run)
    expect(run.stdout).toContain(join(folder, 'from-file'))
    expect(run.stdout).toContain('ignored  num.io.threads, num.network.threads (')
    expect(run.stderr).toContain('Did you mean KAFKA_NUM_PARTITIONS?')
  })

  test('says what is asked in vain, and where clients are sent on to', async () => {
    const run = odradek([
      ...['--memory', '-p', '0', '-t', '__internal:1', '-t', 'orders:1'],
      ...[
        '-o',
        'max.connections.per.ip.overrides=box:5',
        '-o',
        'advertised.listeners=PLAINTEXT://kafka.example:19092',
      ],
    ])
    const port = await listening(run)
    expect(run.stdout).toContain(
      'max.connections.per.ip.overrides=box:5 (only addresses count, no names)',
    )
    expect(run.stdout).toContain('clients  are sent on to kafka.example:19092\n')
    expect(run.stdout).toContain(`kcat -b localhost:${port} -P -t orders\n`)
    expect(run.stderr).toContain('sends clients on to port 19092')
  })

  test('warns of what cannot be meant', async () => {
    const run = odradek(['--memory', '-p', '0', '-o', 'default.replication.factor=3'])
    await listening(run)
    expect(run.stderr).toContain('warn  default.replication.factor is 3 and there is one node')
  })

  test('gives a new folder the cluster id of the environment, and refuses another', async () => {
    const env = { KAFKA_CFG_NODE_ID: '3', CLUSTER_ID: '5L6g3nShT-eMCtK--X86sw' }
    const run = odradek(['-p', '0'], env)
    await listening(run)
    expect(run.stdout).toContain(`cluster  ${env.CLUSTER_ID}\n`)
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    const other = odradek(['-p', '0'], { ...env, CLUSTER_ID: 'AAAAAAAAAAAAAAAAAAAAAA' })
    expect(await other.ended).toBe(1)
    expect(other.stderr).toContain(`has cluster.id=${env.CLUSTER_ID}`)
    expect(other.stderr).toMatch(/^odradek: .*\n$/)
  })

  test('logs lines of JSON in prod', async () => {
    const run = odradek(['--profile', 'prod', '--memory', '-p', '0', '--host', '127.0.0.1'])
    await listening(run)
    run.child.kill('SIGTERM')
    await run.ended
    const messages = run.stderr.split('\n').filter(Boolean)
    expect(messages.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
      expect.arrayContaining(['started', 'stopped']),
    )
  })

  test('answers what is parked when it is told to stop', async () => {
    const run = odradek(['-p', '0', '--memory', '-t', 'orders:1'])
    const { replies } = await parkFetch(await listening(run))
    run.child.kill('SIGTERM')
    expect(await run.ended).toBe(0)
    expect(correlationIds(await replies)).toEqual([1, 2])
  })
})

test('a second signal does not wait for the end', async () => {
  const run = odradek(['-p', '0', '--memory'])
  // A client that keeps its side open is waited for, a little.
  const socket = connect({ port: await listening(run), host: '127.0.0.1', allowHalfOpen: true })
  socket.write(
    Buffer.concat(requestFrame(ApiVersions, 0, { correlationId: 1, clientId: null }, {})),
  )
  await once(socket, 'data')
  run.child.kill('SIGTERM')
  await once(socket, 'end')
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(130)
  expect(run.stderr).not.toContain('stopped')
  socket.destroy()
})

describe('what cannot be started is one line and exit code 1', () => {
  const failing = async (args: string[], env = {}): Promise<string> => {
    const run = odradek(args, env)
    expect(await run.ended).toBe(1)
    expect(run.stdout).toBe('')
    expect(run.stderr).toMatch(/^odradek: .*\n$/)
    return run.stderr
  }

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await failing(['--memory', '--port', String(port)])).toContain(`Port ${port} is in use`)
    server.close()
  })

  test('a folder that is a file, and one that is in use', async () => {
    writeFileSync(join(folder, 'file'), '')
    expect(await failing(['-p', '0', '-d', 'file'])).toContain('cannot be used: it is a file')
    const run = odradek(['-p', '0'])
    await listening(run)
    expect(await failing(['-p', '0'])).toContain(`in use by process ${run.child.pid}`)
  })

  test.skipIf(process.getuid?.() !== 0)("a folder with another user's logs", async () => {
    const run = odradek(['-p', '0', '-d', 'data', '-t', 'orders:1'])
    await listening(run)
    run.child.kill('SIGTERM')
    await run.ended
    chmodSync(folder, 0o777)
    chmodSync(join(folder, 'data'), 0o777)
    const nobody = odradek(['-p', '0', '-d', 'data'], {}, 65_534)
    expect(await nobody.ended).toBe(1)
    expect(nobody.stderr).toMatch(
      /^odradek: The data folder \S+ cannot be used: permission denied for \S+\. .*\n$/,
    )
  })

  test('a host that is not ours', async () => {
    expect(await failing(['--memory', '-p', '0', '--host', '192.0.2.1'])).toContain(
      'Cannot listen on 192.0.2.1',
    )
  })

  test('a flag, a key and a value that are wrong', async () => {
    expect(await failing(['--memry'])).toContain('Did you mean --memory?')
    expect(await failing(['-o', 'num.partitoins=1'])).toContain('num.partitions?')
    expect(await failing(['-p', '0'], { KAFKA_NUM_PARTITIONS: 'x' })).toContain(
      '(in KAFKA_NUM_PARTITIONS)',
    )
    expect(await failing(['--memory', '-p', '0', '-t', 'a b:1'])).toContain('Topic a b: ')
  })
})
