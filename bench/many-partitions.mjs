/** Long row: ten thousand partitions on one server. */

import { setTimeout as sleep } from 'node:timers/promises'
import { produceFrame, recordBatch } from './frames.mjs'
import { RawClient, sendAll } from './raw-client.mjs'
import { residentMegabytes } from './servers.mjs'
import { errorCodeOf, makeTopic, openFiles, readyMs, timed } from './stretch.mjs'

const PARTITIONS = 10_000
const TOPIC = 'many'
const SETTLE_MS = 12_000
const MOST_TRIES = 1000

const milliseconds = (name) => ({ name, unit: 'ms', lowerIsBetter: true })

export const manyPartitionsRow = {
  name: 'ten thousand partitions',
  figures: [
    milliseconds('made, until each has taken a record'),
    milliseconds('a record to each'),
    { name: 'memory', unit: 'MB', lowerIsBetter: true },
    { name: 'open files', unit: '', lowerIsBetter: true },
    milliseconds('stop'),
    milliseconds('ready after a stop'),
    { name: 'memory after that', unit: 'MB', lowerIsBetter: true },
    milliseconds('ready after kill -9'),
  ],
  async broker(start) {
    let server = await start()
    const made = await timed(async () => {
      await makeTopic(server, TOPIC, PARTITIONS)
      await toEach(server)
    })
    const appended = await timed(() => toEach(server))
    // Until the background has synced some, too.
    await sleep(SETTLE_MS)
    const memory = residentMegabytes(server)
    const files = openFiles(server)
    const stopped = await timed(() => server.stop())
    const ends = [0, PARTITIONS / 2, PARTITIONS - 1]
    server = await start()
    const afterStop = await readyMs(server, TOPIC, ends)
    const memoryAfter = residentMegabytes(server)
    await toEach(server)
    await server.kill()
    server = await start()
    const afterKill = await readyMs(server, TOPIC, ends)
    await server.stop()
    return [made, appended, memory, files, stopped, afterStop, memoryAfter, afterKill]
  },
}

/** A kilobyte to each partition, again where the server is not ready for it yet. */
async function toEach(server) {
  const client = await RawClient.connect(server.port)
  const batch = recordBatch(1024).bytes
  let left = Array.from({ length: PARTITIONS }, (_, i) => i)
  for (let i = 0; left.length > 0; i++) {
    if (i === MOST_TRIES) throw new Error(`${left.length} partitions take nothing.`)
    const refused = []
    await sendAll(
      client,
      left.length,
      (at) => produceFrame(TOPIC, batch, left[at]),
      (reply, at) => errorCodeOf(reply, TOPIC) !== 0 && refused.push(left[at]),
    )
    left = refused
    if (left.length > 0) await sleep(10)
  }
  client.close()
}
