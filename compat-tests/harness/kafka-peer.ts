/** A real Apache Kafka 4.4 over a data folder, as the oracle starts it. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { kafkaTool, oracles, run } from './programs.ts'

const launcher = resolve(oracles, 'peers/kafka')
/** A Java that has to share two cores needs its time. */
const START_MS = 120_000

/** The cluster that the oracle makes folders for. */
export const KAFKA_CLUSTER = 'odradek-peer-000000000w'

export class KafkaPeer {
  /** The data folder; it is there before the first start. */
  readonly data: string
  private readonly folder: string
  private readonly settings: readonly string[]
  private port = 0

  constructor(settings: readonly string[] = []) {
    this.folder = mkdtempSync(join(tmpdir(), 'odradek-kafka-'))
    this.data = join(this.folder, 'data')
    this.settings = settings
    mkdirSync(this.data)
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.port = await freePair()
    const place = ['-k', '-p', String(this.port), '-d', this.folder]
    const settings = this.settings.flatMap((setting) => ['-o', setting])
    const { code, stderr } = await run(launcher, ['start', ...place, ...settings], {
      timeoutMs: START_MS,
    })
    if (code !== 0) throw new Error(`Kafka did not start:\n${stderr}`)
  }

  async stop(): Promise<void> {
    if (this.port === 0) return
    await run(launcher, ['stop', '-d', this.folder], { timeoutMs: START_MS })
  }

  /** What it has logged in this life at WARN and above. */
  complaints(): string[] {
    const lines = readFileSync(join(this.folder, 'server.log'), 'utf8').split('\n')
    return lines.filter((line) => /\b(WARN|ERROR|FATAL)\b/.test(line))
  }

  /** The values of a topic's records, as Kafka's console consumer prints them. */
  async consume(topic: string, count: number): Promise<string[]> {
    const { stdout, stderr } = await kafkaTool(
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      [
        ...['--bootstrap-server', this.bootstrap, '--topic', topic, '--from-beginning'],
        ...['--isolation-level', 'read_committed'],
        ...['--max-messages', String(count), '--timeout-ms', '20000'],
      ],
      { timeoutMs: START_MS },
    )
    const values = stdout.trimEnd().split('\n')
    if (values.length !== count) throw new Error(`${topic}: ${values.length} records\n${stderr}`)
    return values
  }

  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Two ports that follow one another: Kafka's controller has one of its own. */
async function freePair(): Promise<number> {
  for (;;) {
    const first = await listen(0)
    const { port } = first.address() as { port: number }
    const second = await listen(port + 1).catch(() => undefined)
    await Promise.all(
      [first, second].map((server) => new Promise((done) => server?.close(done) ?? done(0))),
    )
    if (second) return port
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolvePromise, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolvePromise(server))
  })
}
