/** One measurement: load processes against a server, and what came of it. */

import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'

const WARMUP_MS = 500
/** A generator that is busier than this may be what limits a row. */
const BUSY = 0.9

async function runScript(script, orders) {
  const file = path.join(import.meta.dirname, script)
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(orders)])
  return JSON.parse(stdout)
}

/** Replies per second to prebuilt frames, and whether the generator had time to spare. */
export async function framesPerSecond(orders, seconds) {
  const measured = { ...orders, warmupMs: WARMUP_MS, ms: seconds * 1000 }
  const { ms, replies, busy, odd } = await runScript('generator.mjs', measured)
  if (orders.checked && odd > 0) throw new Error(`${odd} replies differ in length from the first.`)
  return { perSecond: replies / (ms / 1000), isGeneratorBusy: busy > BUSY }
}

/** Sends so many frames and waits for their replies. */
export async function fill(orders, requests) {
  await runScript('generator.mjs', { ...orders, requests })
}

/** Quantiles of latencies in milliseconds, and how many requests a second they are of: what latency-load.mjs is ordered to measure. */
export function latencies(orders, seconds) {
  return runScript('latency-load.mjs', { ...orders, warmupMs: WARMUP_MS, ms: seconds * 1000 })
}

/** Bytes of record values per second through a kafkajs client, as producer or consumer. */
export async function kafkajsBytesPerSecond(orders, seconds) {
  const { bytes, ms } = await runScript('kafkajs-load.mjs', { ...orders, ms: seconds * 1000 })
  return bytes / (ms / 1000)
}

/** How often a codec does its work in a second. */
export async function codecsPerSecond(orders, seconds) {
  const measured = { ...orders, warmupMs: WARMUP_MS, ms: seconds * 1000 }
  return (await runScript('codec-load.mjs', measured)).perSecond
}

/** Thousands of partitions are long in the making. */
const REQUEST_TIMEOUT_MS = 120_000

export async function withAdmin({ port }, use) {
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    requestTimeout: REQUEST_TIMEOUT_MS,
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** With a topic that is there for as long as `use` takes, so that no round fills the disk for the next. */
export async function withTopic(server, topic, use, numPartitions = 1) {
  const topics = [{ topic, numPartitions, replicationFactor: 1 }]
  await withAdmin(server, (admin) => admin.createTopics({ topics, waitForLeaders: true }))
  try {
    return await use()
  } finally {
    await withAdmin(server, (admin) => admin.deleteTopics({ topics: [topic] }))
  }
}
