/** What is measured: a row of the table each, with how it is done on a broker and on the bare server. */

import { setTimeout as sleep } from 'node:timers/promises'
import { errorCodeAt, produceFrame, recordBatch } from './frames.mjs'
import { endToEndRow, halfLoadRow } from './latency-rows.mjs'
import { fill, framesPerSecond, kafkajsBytesPerSecond, withTopic } from './load.mjs'
import { RawClient } from './raw-client.mjs'
import { residentMegabytes, startBare } from './servers.mjs'

const KILOBYTE = 1024
const MEGABYTE = 1e6
const SETTLE_MS = 1000
const LEADER_WAIT_MS = 20
/** How much a topic holds that is fetched from. */
const FILLED_BYTES = 32 * MEGABYTE

/** Batch sizes, and how many of their frames are under way at once: enough to keep a server busy. */
const SIZES = [
  { label: '1 kB', batchBytes: KILOBYTE, window: 512 },
  { label: '64 kB', batchBytes: 64 * KILOBYTE, window: 16 },
  { label: '1 MB', batchBytes: MEGABYTE, window: 4 },
]

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd']
/** Producers that each have a connection, and requests under way on it. */
const PRODUCERS = { connections: 100, window: 2 }

let topics = 0
const newTopic = () => `bench-${process.pid}-${String(topics++).padStart(4, '0')}`

/**
 * A row: `name`, `unit`, whether `lowerIsBetter`, whether it `writes` much; `broker(measured, seconds)` and `bare(file, seconds)` give
 * { value, isGeneratorBusy? }, where `measured` is { server, start } of a broker. Without `bare` there is no yardstick.
 */
export const rows = [
  {
    name: 'start to listening',
    unit: 'ms',
    lowerIsBetter: true,
    async broker({ start }) {
      const server = await start()
      await server.stop()
      return { value: server.startMs }
    },
    async bare() {
      const server = await startBare('echo')
      await server.stop()
      return { value: server.startMs }
    },
  },
  {
    name: 'idle memory',
    unit: 'MB',
    lowerIsBetter: true,
    broker: async ({ start }) => ({ value: await idleMemory(await start()) }),
    bare: async () => ({ value: await idleMemory(await startBare('echo')) }),
  },
  ...SIZES.map(produceRow),
  manyProducersRow(1),
  manyProducersRow(1000),
  ...CODECS.map(compressedRow),
  ...SIZES.map(fetchRow),
  roundTripRow(1),
  roundTripRow(16),
  endToEndRow('p50', newTopic),
  endToEndRow('p99', newTopic),
  halfLoadRow('p50', newTopic),
  halfLoadRow('p99', newTopic),
  kafkajsProducerRow(),
  kafkajsConsumerRow(),
]

async function idleMemory(server) {
  await sleep(SETTLE_MS)
  const megabytes = residentMegabytes(server)
  await server.stop()
  return megabytes
}

function throughput({ perSecond, isGeneratorBusy }, batchBytes) {
  return { value: (perSecond * recordBatch(batchBytes).bytes.length) / MEGABYTE, isGeneratorBusy }
}

function produceRow({ label, batchBytes, window }) {
  const orders = { kind: 'produce', batchBytes, window, connections: 1 }
  return {
    name: `produce ${label}`,
    unit: 'MB/s',
    writes: true,
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const checked = { ...orders, port: server.port, topic, checked: true }
        return throughput(await framesPerSecond(checked, seconds), batchBytes)
      })
    },
    bare: (file, seconds) => bareProduce(orders, file, seconds),
  }
}

async function bareProduce(orders, file, seconds) {
  const server = await startBare('produce', file)
  const result = await framesPerSecond({ ...orders, port: server.port, topic: newTopic() }, seconds)
  await server.stop()
  return throughput(result, orders.batchBytes)
}

/** Many producers that share so many partitions: what it costs that they are many is the difference between such rows. */
function manyProducersRow(partitions) {
  const batchBytes = 64 * KILOBYTE
  const orders = { kind: 'produce', batchBytes, ...PRODUCERS, partitions }
  const noun = partitions === 1 ? 'partition' : 'partitions'
  return {
    name: `produce 64 kB by ${PRODUCERS.connections} to ${partitions} ${noun}`,
    unit: 'MB/s',
    writes: true,
    broker({ server }, seconds) {
      const topic = newTopic()
      const measure = async () => {
        await untilLed(server, topic, partitions)
        const checked = { ...orders, port: server.port, topic, checked: true }
        return throughput(await framesPerSecond(checked, seconds), batchBytes)
      }
      return withTopic(server, topic, measure, partitions)
    },
    bare: (file, seconds) => bareProduce(orders, file, seconds),
  }
}

/** Kafka says that a topic is there before it leads all of its partitions. */
async function untilLed({ port }, topic, partitions) {
  const client = await RawClient.connect(port)
  const { bytes } = recordBatch(KILOBYTE)
  for (let partition = 0; partition < partitions; ) {
    const reply = await client.request(produceFrame(topic, bytes, partition))
    if (reply.readInt16BE(errorCodeAt(0, topic)) === 0) partition++
    else await sleep(LEADER_WAIT_MS)
  }
  client.close()
}

/** In megabytes of records before they are compressed. The bare server inflates nothing, and is no yardstick here. */
function compressedRow(codec) {
  const batchBytes = 64 * KILOBYTE
  const orders = { kind: 'produce', batchBytes, codec, window: 16, connections: 1 }
  return {
    name: `produce 64 kB, ${codec}`,
    unit: 'MB/s',
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const checked = { ...orders, port: server.port, topic, checked: true }
        return throughput(await framesPerSecond(checked, seconds), batchBytes)
      })
    },
  }
}

function fetchRow({ label, batchBytes, window }) {
  const size = recordBatch(batchBytes).bytes.length
  const batches = Math.min(512, Math.floor(FILLED_BYTES / size))
  const orders = { kind: 'fetch', batchBytes, batches, window, connections: 1 }
  return {
    name: `fetch ${label}`,
    unit: 'MB/s',
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const filling = { ...orders, kind: 'produce', port: server.port, topic, checked: true }
        await fill(filling, batches)
        const checked = { ...orders, port: server.port, topic, checked: true }
        return throughput(await framesPerSecond(checked, seconds), batchBytes)
      })
    },
    async bare(_file, seconds) {
      const server = await startBare('fetch', size)
      const result = await framesPerSecond(
        { ...orders, port: server.port, topic: newTopic() },
        seconds,
      )
      await server.stop()
      return throughput(result, batchBytes)
    },
  }
}

function roundTripRow(connections) {
  const orders = { kind: 'roundTrip', connections, window: 1 }
  const measure = async (server, seconds) => {
    const { perSecond, isGeneratorBusy } = await framesPerSecond(
      { ...orders, port: server.port },
      seconds,
    )
    return { value: perSecond, isGeneratorBusy }
  }
  return {
    name: `round trips of ${connections}`,
    unit: '/s',
    broker: ({ server }, seconds) => measure(server, seconds),
    async bare(_file, seconds) {
      const server = await startBare('echo')
      const result = await measure(server, seconds)
      await server.stop()
      return result
    },
  }
}

function kafkajsProducerRow() {
  return {
    name: 'kafkajs producer',
    unit: 'MB/s',
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const orders = { kind: 'producer', port: server.port, topic }
        return { value: (await kafkajsBytesPerSecond(orders, seconds)) / MEGABYTE }
      })
    },
  }
}

function kafkajsConsumerRow() {
  const batchBytes = 64 * KILOBYTE
  return {
    name: 'kafkajs consumer',
    unit: 'MB/s',
    writes: true,
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const filling = { kind: 'produce', batchBytes, window: 16, connections: 1, checked: true }
        const requests = Math.ceil((200 * MEGABYTE * seconds) / batchBytes)
        await fill({ ...filling, port: server.port, topic }, requests)
        const orders = { kind: 'consumer', port: server.port, topic }
        return { value: (await kafkajsBytesPerSecond(orders, seconds)) / MEGABYTE }
      })
    },
  }
}
