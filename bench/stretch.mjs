/** Steps of the long rows: a stretch of work that is timed, a topic that stays, and a server that has come to itself. */

import { readFileSync, readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCodeAt, produceFrame, recordBatch } from './frames.mjs'
import { RawClient } from './raw-client.mjs'
import { withAdmin } from './load.mjs'

const RETRY_MS = 5
const READY_WITHIN_MS = 120_000

/** Milliseconds that `work` takes. */
export async function timed(work) {
  const began = performance.now()
  await work()
  return performance.now() - began
}

/** Makes a topic that stays, with these configs. */
export async function makeTopic(server, topic, numPartitions = 1, configs = {}) {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const topics = [{ topic, numPartitions, replicationFactor: 1, configEntries }]
  const timeout = READY_WITHIN_MS
  await withAdmin(server, (admin) => admin.createTopics({ topics, timeout, waitForLeaders: false }))
}

/** Milliseconds from the start of a server until each of these partitions has taken a record. */
export async function readyMs(server, topic, partitions) {
  const batch = recordBatch(1024).bytes
  const after = await timed(async () => {
    const client = await RawClient.connect(server.port)
    for (const partition of partitions) {
      const frame = produceFrame(topic, batch, partition)
      await untilNoError(() => client.request(frame), topic)
    }
    client.close()
  })
  return server.startMs + after
}

async function untilNoError(send, topic) {
  const began = performance.now()
  while (performance.now() - began < READY_WITHIN_MS) {
    if (errorCodeOf(await send(), topic) === 0) return
    await sleep(RETRY_MS)
  }
  throw new Error(`${topic} does not come to life.`)
}

export function errorCodeOf(reply, topic) {
  return reply.readInt16BE(errorCodeAt(0, topic))
}

/** Open files of a server's process; undefined where the system has no /proc. */
export function openFiles({ pid }) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

/** Largest resident memory so far of a server's process, in megabytes. */
export function peakMegabytes({ pid }) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
  } catch {
    return undefined
  }
}
