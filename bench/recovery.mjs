/** Long row: how soon a server is ready again that has ten gigabytes, in one partition. */

import { rmSync } from 'node:fs'
import path from 'node:path'
import { fill } from './load.mjs'
import { makeTopic, readyMs, timed } from './stretch.mjs'

const GIGABYTES = 10
const BATCH_BYTES = 1_000_000
/** Written right before the server is killed. */
const LAST_BYTES = 500_000_000
const TOPIC = 'recovery'

const milliseconds = (name) => ({ name, unit: 'ms', lowerIsBetter: true })

export const recoveryRow = {
  name: `recovery of ${GIGABYTES} GB`,
  figures: [
    milliseconds('stop'),
    milliseconds('ready after a stop'),
    milliseconds('ready after kill -9'),
    milliseconds('ready where no checkpoint is left'),
  ],
  async broker(start, folder) {
    let server = await start()
    await makeTopic(server, TOPIC)
    await send(server, GIGABYTES * 1e9)
    const stopped = await timed(() => server.stop())
    server = await start()
    const afterStop = await readyMs(server, TOPIC, [0])
    await send(server, LAST_BYTES)
    await server.kill()
    server = await start()
    const afterKill = await readyMs(server, TOPIC, [0])
    await server.kill()
    for (const place of [folder, path.join(folder, 'data')]) {
      rmSync(path.join(place, 'recovery-point-offset-checkpoint'), { force: true })
    }
    server = await start()
    const ofAll = await readyMs(server, TOPIC, [0])
    await server.stop()
    return [stopped, afterStop, afterKill, ofAll]
  },
}

function send({ port }, bytes) {
  const orders = { kind: 'produce', batchBytes: BATCH_BYTES, window: 4, connections: 1 }
  return fill({ ...orders, port, topic: TOPIC, checked: true }, Math.ceil(bytes / BATCH_BYTES))
}
