/** One measurement of a codec row, in a process of its own. orders: { row, side, warmupMs, ms }. Prints { perSecond }. */

import { performance } from 'node:perf_hooks'
import { codecWork } from './codec-work.mjs'

/** Between two looks at the clock. */
const ROUNDS = 16

const { row, side, warmupMs, ms } = JSON.parse(process.argv[2])
const round = codecWork[row][side]

/** Rounds done in so many milliseconds, and how many it really took. */
async function run(wantedMs) {
  const began = performance.now()
  let rounds = 0
  while (performance.now() - began < wantedMs) {
    for (let i = 0; i < ROUNDS; i++) {
      const result = round()
      // Who answers later is waited for: that is the price of it.
      if (result instanceof Promise) await result
    }
    rounds += ROUNDS
  }
  return { rounds, ms: performance.now() - began }
}

await run(warmupMs)
const { rounds, ms: took } = await run(ms)
process.stdout.write(JSON.stringify({ perSecond: rounds / (took / 1000) }))
