/** Clients that write and read whole topics of one partition, each in every codec that it has here. */

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import kafkajsPackage, { CompressionTypes, type IHeaders } from 'kafkajs'
import { JavaDriver } from './java-driver.ts'
import { kafkajs, until } from './kafkajs-client.ts'
import { hasOracles, installed, kcat, run } from './programs.ts'

export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number]

/** What every client can say of a record. */
export interface Shape {
  key: string | null
  value: string | null
  headers: [name: string, value: string][]
}

export interface Batch {
  topic: string
  codec: Codec
  records: readonly Shape[]
}

export interface RecordClient {
  name: string
  /** The codecs that it has; none where the client is not here. */
  codecs: readonly Codec[]
  /** It fetches below v10: Kafka refuses it a topic whose compression.type is zstd, with error 76, not looking at the log. */
  isRefusedZstdTopics?: true
  write(bootstrap: string, batches: readonly Batch[]): Promise<void>
  read(bootstrap: string, topics: readonly string[]): Promise<Record<string, Shape[]>>
}

/** How long a fetch may find nothing: clients that are at the end end with it. */
const WAIT_MS = 20

const load = createRequire(import.meta.url)

/** kafkajs has gzip alone: the others are of the packages that this project has anyway. */
function registerCodecs(): readonly Codec[] {
  const registry = kafkajsPackage.CompressionCodecs
  const register = (
    type: Exclude<CompressionTypes, CompressionTypes.None>,
    compress: (bytes: Buffer) => Uint8Array,
    decompress: (bytes: Buffer) => Uint8Array,
  ): void => {
    registry[type] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => Buffer.from(compress(buffer)),
      decompress: async (bytes: Buffer) => Buffer.from(decompress(bytes)),
    })
  }
  const snappy = load('snappyjs') as Record<
    'compress' | 'uncompress',
    (bytes: Buffer) => Uint8Array
  >
  register(CompressionTypes.Snappy, snappy.compress, withoutXerialFrames(snappy.uncompress))
  const zstd = load('@bokuweb/zstd-wasm') as typeof import('@bokuweb/zstd-wasm')
  register(CompressionTypes.ZSTD, zstd.compress, zstd.decompress)
  try {
    const lz4 = load('lz4-napi') as typeof import('lz4-napi')
    register(CompressionTypes.LZ4, lz4.compressFrameSync, lz4.decompressFrameSync)
    return CODECS
  } catch {
    return CODECS.filter((codec) => codec !== 'lz4')
  }
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

/** Java's snappy is blocks in a frame of its own; others send one bare block. */
function withoutXerialFrames(uncompress: (block: Buffer) => Uint8Array) {
  return (bytes: Buffer): Uint8Array => {
    if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return uncompress(bytes)
    const blocks: Uint8Array[] = []
    for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
      const end = at + 4 + bytes.readInt32BE(at)
      blocks.push(uncompress(bytes.subarray(at + 4, end)))
      at = end
    }
    return Buffer.concat(blocks)
  }
}

const TYPES: Record<Codec, CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

function kafkajsHeaders(headers: Shape['headers']): IHeaders {
  const grouped: Record<string, string[]> = {}
  for (const [name, value] of headers) (grouped[name] ??= []).push(value)
  return grouped
}

/** kafkajs gives headers of one name together. */
function headersOf(headers: IHeaders | undefined): Shape['headers'] {
  return Object.entries(headers ?? {}).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value): [string, string] => [
      name,
      String(value),
    ]),
  )
}

const kafkajsClient: RecordClient = {
  name: 'kafkajs',
  codecs: registerCodecs(),

  async write(bootstrap, batches) {
    await (load('@bokuweb/zstd-wasm') as { init: () => Promise<void> }).init()
    const producer = kafkajs(bootstrap).producer()
    await producer.connect()
    for (const { topic, codec, records } of batches) {
      const messages = records.map(({ key, value, headers }) => ({
        key,
        value,
        headers: kafkajsHeaders(headers),
        partition: 0,
      }))
      await producer.send({ topic, compression: TYPES[codec], messages })
    }
    await producer.disconnect()
  },

  async read(bootstrap, topics) {
    const kafka = kafkajs(bootstrap)
    const admin = kafka.admin()
    await admin.connect()
    let total = 0
    for (const topic of topics) {
      for (const { offset } of await admin.fetchTopicOffsets(topic)) total += Number(offset)
    }
    await admin.disconnect()
    const seen = Object.fromEntries(topics.map((topic): [string, Shape[]] => [topic, []]))
    const consumer = kafka.consumer({ groupId: `all-readers-${process.pid}`, maxWaitTimeInMs: 50 })
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    let count = 0
    await consumer.run({
      eachMessage: async ({ topic, message }) => {
        seen[topic]!.push({
          key: message.key?.toString() ?? null,
          value: message.value?.toString() ?? null,
          headers: headersOf(message.headers),
        })
        count++
      },
    })
    await until(`${total} records`, () => count >= total)
    await consumer.disconnect()
    return seen
  },
}

/** Bytes that no record of these tests has. */
const KEY_END = '\x01'
const RECORD_END = '\x02'

/** Whether kcat has to be called with -Z, which makes nulls of all that is empty. */
const hasNull = ({ value }: Shape): boolean => value === null

/** kcat gives all records of a call the same headers. */
function runs(records: readonly Shape[]): Shape[][] {
  const found: Shape[][] = []
  for (const record of records) {
    const last = found.at(-1)?.[0]
    const fits =
      last &&
      hasNull(last) === hasNull(record) &&
      JSON.stringify(last.headers) === JSON.stringify(record.headers)
    if (fits) found.at(-1)!.push(record)
    else found.push([record])
  }
  return found
}

/** What kcat's %h prints, cut at its commas. */
function kcatHeaders(text: string): Shape['headers'] {
  if (text === '') return []
  return text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
}

const kcatClient: RecordClient = {
  name: 'kcat',
  codecs: installed('kcat') ? CODECS : [],

  async write(bootstrap, batches) {
    for (const { topic, codec, records } of batches) {
      for (const run of runs(records)) {
        const flags = ['-P', '-t', topic, '-p', '0', '-z', codec, '-K', KEY_END, '-D', RECORD_END]
        const headers = run[0]!.headers.flatMap(([name, value]) => ['-H', `${name}=${value}`])
        const nulls = hasNull(run[0]!) ? ['-Z'] : []
        const input = run
          .map(({ key, value }) => (key === null ? '' : key + KEY_END) + (value ?? ''))
          .join(RECORD_END)
        await kcat(bootstrap, [...flags, ...headers, ...nulls, '-X', 'linger.ms=20'], { input })
      }
    }
  },

  async read(bootstrap, topics) {
    const format = ['-f', `%K${KEY_END}%S${KEY_END}%h${KEY_END}%k${KEY_END}%s${RECORD_END}`]
    const flags = ['-e', '-q', '-X', `fetch.wait.max.ms=${WAIT_MS}`, ...format]
    const seen: Record<string, Shape[]> = {}
    for (const topic of topics) {
      const text = await kcat(bootstrap, ['-C', '-t', topic, ...flags])
      const rows = text.split(RECORD_END).slice(0, -1)
      seen[topic] = rows.map((row): Shape => {
        const [keySize, valueSize, headers, key, value] = row.split(KEY_END)
        return {
          key: keySize === '-1' ? null : key!,
          value: valueSize === '-1' ? null : value!,
          headers: kcatHeaders(headers!),
        }
      })
    }
    return seen
  },
}

const base64 = (text: string | null): string | null =>
  text === null ? null : Buffer.from(text).toString('base64')
const text = (coded: string | null): string | null =>
  coded === null ? null : Buffer.from(coded, 'base64').toString()

interface JavaRecord {
  key: string | null
  value: string | null
  headers: [string, string][]
}

const javaClient: RecordClient = {
  name: 'Java',
  codecs: hasOracles() ? CODECS : [],

  write: (bootstrap, batches) =>
    withJava(bootstrap, async (driver) => {
      for (const { topic, codec, records } of batches) {
        const coded = records.map(({ key, value, headers }) => ({
          partition: 0,
          key: base64(key),
          value: base64(value),
          headers: headers.map(([name, part]) => [name, base64(part)]),
        }))
        const config = { 'compression.type': codec, 'linger.ms': '20' }
        await driver.do('produce', { topic, config, records: coded })
      }
    }),

  read: (bootstrap, topics) =>
    withJava(bootstrap, async (driver) => {
      const seen: Record<string, Shape[]> = {}
      for (const topic of topics) {
        const config = { 'fetch.max.wait.ms': WAIT_MS }
        const records = await driver.do<JavaRecord[]>('consume', { topic, config })
        seen[topic] = records.map(({ key, value, headers }) => ({
          key: text(key),
          value: text(value),
          headers: headers.map(([name, part]): [string, string] => [name, text(part)!]),
        }))
      }
      return seen
    }),
}

async function withJava<Result>(
  bootstrap: string,
  work: (driver: JavaDriver) => Promise<Result>,
): Promise<Result> {
  const driver = await JavaDriver.start(bootstrap)
  try {
    return await work(driver)
  } finally {
    driver.stop()
  }
}

/** Debian's python3 has Debian's packages; a `python3` that comes first in the path may have others. */
const PYTHON = '/usr/bin/python3'
const pythonProgram = fileURLToPath(new URL('../python/records.py', import.meta.url))

function pythonCodecs(): readonly Codec[] {
  const { status, stdout } = spawnSync(PYTHON, [pythonProgram, 'codecs'], { encoding: 'utf8' })
  return status === 0 ? (JSON.parse(stdout) as Codec[]) : []
}

async function python(action: string, bootstrap: string, input: unknown): Promise<string> {
  const args = [pythonProgram, action, bootstrap]
  const options = { input: JSON.stringify(input), timeoutMs: 60_000 }
  const { code, stdout, stderr } = await run(PYTHON, args, options)
  if (code !== 0) throw new Error(`kafka-python: ${stderr}`)
  return stdout
}

const pythonClient: RecordClient = {
  name: 'kafka-python',
  codecs: pythonCodecs(),
  isRefusedZstdTopics: true,
  write: async (bootstrap, batches) => void (await python('write', bootstrap, batches)),
  read: async (bootstrap, topics) =>
    JSON.parse(await python('read', bootstrap, topics)) as Record<string, Shape[]>,
}

export const recordClients = [kafkajsClient, kcatClient, javaClient, pythonClient]
