/** Long row: the compaction of two gigabytes of keyed records, and producers meanwhile. */

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { keyedBatch, produceFrame } from './frames.mjs'
import { latencies, withAdmin } from './load.mjs'
import { RawClient, sendAll } from './raw-client.mjs'
import { errorCodeOf, makeTopic, peakMegabytes } from './stretch.mjs'

const TOPIC = 'keyed'
const RECORDS_IN_BATCH = 64
const BATCHES = 32_000
const RECORD_BYTES = 1024
/** Each has several values. */
const KEYS = 500_000
const HOT_BATCH_BYTES = 64 * 1024
const HOT_PER_SECOND = 500
const BACKOFF_MS = 100
const ENDS_WITHIN_MS = 300_000
/** Segments are small enough that nearly all can be cleaned: the last one never is. */
const CONFIGS = {
  'cleanup.policy': 'compact',
  'min.cleanable.dirty.ratio': '1',
  'segment.bytes': String(256 * 1024 * 1024),
}

export const compactionRow = {
  name: 'compaction',
  settings: [`log.cleaner.backoff.ms=${BACKOFF_MS}`],
  figures: [
    { name: 'a gigabyte', unit: 's', lowerIsBetter: true },
    { name: 'produce p99 without it', unit: 'ms', lowerIsBetter: true },
    { name: 'produce p99 while it runs', unit: 'ms', lowerIsBetter: true },
    { name: 'produce p50 while it runs', unit: 'ms', lowerIsBetter: true },
    { name: 'most memory before', unit: 'MB', lowerIsBetter: true },
    { name: 'most memory', unit: 'MB', lowerIsBetter: true },
  ],
  async broker(start, folder, seconds) {
    const server = await start()
    await makeTopic(server, TOPIC, 1, CONFIGS)
    await makeTopic(server, 'hot')
    await fillKeyed(server)
    const { port } = server
    const hot = { port, topic: 'hot', kind: 'produce', batchBytes: HOT_BATCH_BYTES }
    const alone = await latencies({ ...hot, perSecond: HOT_PER_SECOND }, seconds)
    const memoryBefore = peakMegabytes(server)
    const began = performance.now()
    const loading = latencies({ ...hot, perSecond: HOT_PER_SECOND }, seconds)
    await letClean(server)
    const bytes = await untilCleaned(folder)
    const took = (performance.now() - began) / 1000
    const during = await loading
    const memory = peakMegabytes(server)
    await server.stop()
    return [took / (bytes / 1e9), alone.p99Ms, during.p99Ms, during.p50Ms, memoryBefore, memory]
  },
}

async function fillKeyed(server) {
  const client = await RawClient.connect(server.port)
  const frameOf = (i) => {
    const key = (at) => `key-${(i * RECORDS_IN_BATCH + at) % KEYS}`
    const keys = Array.from({ length: RECORDS_IN_BATCH }, (_, at) => key(at))
    return produceFrame(TOPIC, keyedBatch(keys).bytes)
  }
  await sendAll(
    client,
    BATCHES,
    frameOf,
    (reply) => {
      if (errorCodeOf(reply, TOPIC) !== 0) throw new Error('A keyed batch was refused.')
    },
    8,
  )
  client.close()
}

function letClean(server) {
  const TOPIC_RESOURCE = 2
  const configEntries = Object.entries({ ...CONFIGS, 'min.cleanable.dirty.ratio': '0.01' }).map(
    ([name, value]) => ({ name, value }),
  )
  const resources = [{ type: TOPIC_RESOURCE, name: TOPIC, configEntries }]
  return withAdmin(server, (admin) => admin.alterConfigs({ validateOnly: false, resources }))
}

/** How far it is cleaned stands in a checkpoint, the same on both servers. Gives the bytes before that. */
async function untilCleaned(folder) {
  const began = performance.now()
  while (performance.now() - began < ENDS_WITHIN_MS) {
    for (const place of [folder, path.join(folder, 'data')]) {
      const cleanedTo = cleanedIn(place)
      if (cleanedTo > 0) return cleanedTo * RECORD_BYTES
    }
    await sleep(20)
  }
  throw new Error('The compaction does not end.')
}

function cleanedIn(folder) {
  try {
    const text = readFileSync(path.join(folder, 'cleaner-offset-checkpoint'), 'utf8')
    return Number(new RegExp(`^${TOPIC} 0 (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  } catch {
    return 0
  }
}
