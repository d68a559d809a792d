/** Rows of latencies: of a record on its way to a parked fetch, and of a produce request while the server has half as much to do as it can. */

import { framesPerSecond, latencies, withTopic } from './load.mjs'

const RECORDS_PER_SECOND = 500
const HALF_LOAD_BATCH_BYTES = 64 * 1024
/** How long a row looks for what a server can do at most. */
const PEAK_SECONDS = 1

/** From being sent to coming in a reply to a fetch that was parked, at 500 records a second. `newTopic` names topics. */
export function endToEndRow(quantile, newTopic) {
  const orders = { kind: 'endToEnd', perSecond: RECORDS_PER_SECOND }
  return {
    name: `record to a parked fetch, ${quantile}`,
    unit: 'ms',
    lowerIsBetter: true,
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const figures = await latencies({ ...orders, port: server.port, topic }, seconds)
        return { value: figures[`${quantile}Ms`] }
      })
    },
  }
}

/** Of requests of 64 kB at half of the rate that the same server has just taken at most. */
export function halfLoadRow(quantile, newTopic) {
  const batchBytes = HALF_LOAD_BATCH_BYTES
  return {
    name: `produce at half load, ${quantile}`,
    unit: 'ms',
    lowerIsBetter: true,
    writes: true,
    broker({ server }, seconds) {
      const topic = newTopic()
      return withTopic(server, topic, async () => {
        const most = await peak(server, topic, batchBytes)
        const orders = { kind: 'produce', port: server.port, topic, batchBytes }
        const figures = await latencies({ ...orders, perSecond: most / 2 }, seconds)
        return { value: figures[`${quantile}Ms`] }
      })
    },
  }
}

async function peak({ port }, topic, batchBytes) {
  const orders = { kind: 'produce', batchBytes, window: 16, connections: 1, port, topic }
  return (await framesPerSecond({ ...orders, checked: true }, PEAK_SECONDS)).perSecond
}
