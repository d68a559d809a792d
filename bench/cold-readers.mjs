/** Long row: producers beside a consumer that lags so far behind that what it reads is on the disk alone. */

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { recordBatch } from './frames.mjs'
import { fill, framesPerSecond, latencies } from './load.mjs'
import { makeTopic } from './stretch.mjs'

const COLD_BYTES = 6e9
const COLD_BATCH_BYTES = 1_000_000
const HOT_BATCH_BYTES = 64 * 1024
/** Produced all the while, well below what either server can do. */
const HOT_PER_SECOND = 500
const SETTLE_MS = 5000
const COLD_FILE = /(^|\/)cold-0\/\d+\./

export const coldReadersRow = {
  name: 'cold reader',
  figures: [
    { name: 'produce p99 without it', unit: 'ms', lowerIsBetter: true },
    { name: 'produce p99 beside it', unit: 'ms', lowerIsBetter: true },
    { name: 'produce p50 beside it', unit: 'ms', lowerIsBetter: true },
    { name: 'read', unit: 'MB/s' },
  ],
  async broker(start, folder, seconds) {
    const server = await start()
    const { port } = server
    await makeTopic(server, 'cold')
    await makeTopic(server, 'hot')
    const batches = Math.ceil(COLD_BYTES / COLD_BATCH_BYTES)
    const cold = {
      port,
      topic: 'cold',
      batchBytes: COLD_BATCH_BYTES,
      connections: 1,
      checked: true,
    }
    await fill({ ...cold, kind: 'produce', window: 4 }, batches)
    const hot = { port, topic: 'hot', kind: 'produce', batchBytes: HOT_BATCH_BYTES }
    await sleep(SETTLE_MS)
    const alone = await latencies({ ...hot, perSecond: HOT_PER_SECOND }, seconds)
    execFileSync('sync')
    dropPageCache(folder)
    const reading = framesPerSecond({ ...cold, kind: 'fetch', batches, window: 2 }, seconds)
    const beside = await latencies({ ...hot, perSecond: HOT_PER_SECOND }, seconds)
    const { perSecond } = await reading
    await server.stop()
    const megabytes = (perSecond * recordBatch(COLD_BATCH_BYTES).bytes.length) / 1e6
    return [alone.p99Ms, beside.p99Ms, beside.p50Ms, megabytes]
  },
}

/** What was written is on the disk then, and nowhere else; where there is no GNU dd, the reader reads from memory what the machine still has. */
function dropPageCache(folder) {
  const logs = readdirSync(folder, { recursive: true }).filter((name) => COLD_FILE.test(name))
  for (const name of logs) {
    const orders = [`if=${path.join(folder, name)}`, 'iflag=nocache', 'count=0', 'status=none']
    try {
      execFileSync('dd', orders, { stdio: 'ignore' })
    } catch {
      process.stderr.write('The page cache cannot be dropped: the cold reader is less cold.\n')
      return
    }
  }
}
