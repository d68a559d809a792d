/** Files of logs, read by those who did not write them: ours by Kafka's dump tool, Kafka's by our checker, and both by our dump. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess, freePort } from './harness/broker-process.ts'
import {
  hasOracles,
  installed,
  kafkaTool,
  kcat,
  oracles,
  type Outcome,
  run,
} from './harness/programs.ts'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const golden = fileURLToPath(new URL('../test/fixtures/golden-folder', import.meta.url))
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const LINES = 3000

function odradek(...args: string[]): Promise<Outcome> {
  return run(process.execPath, [cli, ...args], { timeoutMs: 60_000 })
}

async function produceEverything(bootstrap: string): Promise<void> {
  const input = Array.from({ length: LINES }, (_, i) => `key ${i % 50}:value ${i} of many`).join(
    '\n',
  )
  for (const codec of CODECS) {
    const args = ['-P', '-t', `all-${codec}`, '-K:', '-z', codec, '-X', 'enable.idempotence=true']
    await kcat(bootstrap, [...args, '-X', 'batch.num.messages=100'], { input: `${input}\n` })
  }
  await kcat(bootstrap, [
    ...['-G', 'log-readers', '-c', '1', '-q', '-X', 'auto.offset.reset=earliest'],
    'all-none',
  ])
}

/** Every file of the logs that Kafka's tool can read. */
function filesOf(data: string, kinds: RegExp): string[] {
  return readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => kinds.test(name))
    .map((name) => join(data, name))
}

/** Kafka's tool reads the files, and finds nothing to say against them. */
async function dumpedByKafka(files: readonly string[], ...flags: string[]): Promise<string> {
  const args = ['--files', files.join(','), ...flags]
  const outcome = await kafkaTool('org.apache.kafka.tools.DumpLogSegments', args, {
    timeoutMs: 100_000,
  })
  const output = outcome.stdout + outcome.stderr
  expect(outcome.code, output.slice(-2000)).toBe(0)
  expect(output).not.toMatch(/Mismatches|Found timestamp|invalid|corrupt|Exception/i)
  // The tool says of every segment but a log's first that it follows offset -1.
  expect(output).not.toMatch(/^ {2}\d+ is followed by/m)
  return outcome.stdout
}

describe.skipIf(!installed('kcat'))('a data folder that kcat has filled', () => {
  let broker: BrokerProcess
  let data: string

  beforeAll(async () => {
    const options = ['log.segment.bytes=1048576', 'log.index.interval.bytes=512']
    broker = await BrokerProcess.start({
      engine: 'file',
      flags: options.flatMap((option) => ['-o', option]),
    })
    data = broker.data!
    await produceEverything(broker.bootstrap)
  })
  afterAll(() => broker?.dispose())

  it('is not checked while the broker runs, unless that is asked for', async () => {
    const refused = await odradek('log', 'verify', data)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/A broker is running on .*: process \d+ .*--live/)
    const live = await odradek('log', 'verify', data, '--live')
    expect(live.code, live.stdout).toBe(0)
    expect(live.stderr).toContain('may look torn')
  })

  it('is without a fault after a stop, and the dump shows every record', async () => {
    expect(await broker.stop()).toBe(0)
    const checked = await odradek('log', 'verify', data)
    expect(checked.code, checked.stdout).toBe(0)
    expect(checked.stdout).toMatch(/Nothing is wrong\. The last stop was a clean one\.\n$/)
    for (const codec of CODECS) {
      const { code, stdout } = await odradek('log', 'dump', data, '-t', `all-${codec}`, '--json')
      expect(code).toBe(0)
      const batches = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { records: { key: string; value: string }[] })
      const values = batches.flatMap(({ records }) => records.map(({ value }) => value))
      expect(values).toEqual(Array.from({ length: LINES }, (_, i) => `value ${i} of many`))
    }
    const offsets = await odradek('log', 'dump', data, '-t', '__consumer_offsets')
    expect(offsets.stdout).toContain('GroupMetadata  key {"group":"log-readers"}')
    const topics = await odradek('log', 'dump', data, '-t', '__odradek_cluster')
    expect(topics.stdout).toMatch(
      /TopicRecord {2}key \["topic","[\w-]{22}"\] {2}value \{"name":"all-zstd"/,
    )
  })

  describe.skipIf(!hasOracles())("is read by Kafka's dump tool", () => {
    it('segments record by record, and indexes', { timeout: 120_000 }, async () => {
      const files = filesOf(data, /all-\w+-0\/\d+\.(log|index|timeindex)$/)
      expect(files.length).toBeGreaterThanOrEqual(3 * CODECS.length)
      const dumped = await dumpedByKafka(files, '--deep-iteration', '--print-data-log')
      expect(dumped.match(/payload: value \d+ of many/g)).toHaveLength(LINES * CODECS.length)
    })

    it('indexes alone, by both of its checks', { timeout: 120_000 }, async () => {
      const files = filesOf(data, /all-\w+-0\/\d+\.(index|timeindex)$/)
      await dumpedByKafka(files, '--index-sanity-check')
      await dumpedByKafka(files, '--verify-index-only')
    })

    it('snapshots of producers, and records of groups', { timeout: 120_000 }, async () => {
      const snapshots = filesOf(data, /all-none-0\/\d+\.snapshot$/)
      expect(await dumpedByKafka(snapshots)).toMatch(/producerId: \d+ producerEpoch: 0/)
      const groups = filesOf(data, /__consumer_offsets-\d+\/\d+\.log$/)
      expect(await dumpedByKafka(groups, '--offsets-decoder')).toContain('log-readers')
    })
  })
})

describe.skipIf(!hasOracles())("the golden folder and Kafka's dump tool", () => {
  it('it reads all of it without complaint', { timeout: 120_000 }, async () => {
    const files = filesOf(golden, /\d+\.(log|index|timeindex|snapshot)$/)
    const dumped = await dumpedByKafka(files, '--deep-iteration')
    expect(dumped).toMatch(/baseOffset: 0 lastOffset: 1 count: 2/)
  })
})

describe.skipIf(!hasOracles() || !installed('kcat'))('a data folder of a real Kafka', () => {
  it('is without a fault for our checker', { timeout: 180_000 }, async () => {
    const home = mkdtempSync(join(tmpdir(), 'odradek-kafka-'))
    const kafka = (...args: string[]): Promise<Outcome> =>
      run(resolve(oracles, 'peers/kafka'), args, { timeoutMs: 100_000 })
    try {
      const port = await freePort()
      const started = await kafka('start', '-p', String(port), '-d', home)
      expect(started.code, started.stderr).toBe(0)
      const bootstrap = `127.0.0.1:${port}`
      const file = join(home, 'producer.properties')
      writeFileSync(file, `bootstrap.servers=${bootstrap}\n`)
      await produceEverything(bootstrap)
      const transactions = await kafka(
        ...['tool', 'org.apache.kafka.tools.ProducerPerformance', '--topic', 'transactional'],
        ...['--num-records', '500', '--record-size', '100', '--throughput', '1000'],
        ...['--transactional-id', 'performance', '--transaction-duration-ms', '50'],
        ...['--command-config', file],
      )
      expect(transactions.stdout, transactions.stderr).toContain('500 records sent')
    } finally {
      await kafka('stop', '-d', home)
    }
    const { code, stdout } = await odradek('log', 'verify', join(home, 'data'), '--quiet')
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('The last stop was a clean one.')
    const dumped = await odradek('log', 'dump', join(home, 'data'), '-t', 'transactional')
    expect(dumped.stdout).toMatch(/COMMIT {2}value \{"coordinatorEpoch":0\}/)
    rmSync(home, { recursive: true })
  })
})
