import { describe, expect, it } from 'vitest'
import type { CrashKind } from '../crash-machine/crash-point.ts'
import { CrashRun } from '../crash-machine/crash-run.ts'

/*
 * `npm test -- --long` runs thousands. A failing run is repeated, alone, with the variables that its message names.
 */
const isLong = process.env['ODRADEK_LONG'] !== undefined
const asked = process.env['ODRADEK_SEED']
const askedCall = process.env['ODRADEK_CRASH_AT']

/** Seeds whose lives have crashes by chance, in operations and in the middle of disk calls. */
const LIVES = isLong ? 2000 : 8
/** Seeds of which one life is lived for each disk call of it, and ends that life there. */
const EVERY_CALL = isLong ? 6 : 1
const STEPS = 120
const SHORT_STEPS = isLong ? 40 : 10
/** Seeds to a test, so that none takes long. */
const SEEDS_PER_TEST = 20

function seedsOf(count: number): number[] {
  return asked === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(asked)]
}

function groupsOf(seeds: readonly number[]): number[][] {
  const groups: number[][] = []
  for (let i = 0; i < seeds.length; i += SEEDS_PER_TEST)
    groups.push(seeds.slice(i, i + SEEDS_PER_TEST))
  return groups
}

async function live(seed: number, run: CrashRun, steps: number, repeat = ''): Promise<void> {
  try {
    await run.go(steps)
  } catch (error) {
    if (error instanceof Error) {
      error.message = `${error.message}\n  repeat: ODRADEK_SEED=${seed}${repeat} npx vitest run test/storage/file/crashes.test.ts`
    }
    throw error
  }
}

describe('crashes take nothing that was acknowledged and durable, and leave a folder without a fault', () => {
  it.each(groupsOf(seedsOf(LIVES)))(
    'lives of seeds %i ...',
    { timeout: 240_000 },
    async (...seeds) => {
      for (const seed of seeds) {
        // Half of them die within a few disk calls of each start, or of each life.
        const crashWithin = [undefined, 30, 150, 1000][seed % 4]
        const options = crashWithin === undefined ? {} : { crashWithin }
        await live(seed, new CrashRun(seed, options), STEPS)
      }
    },
  )

  it.each(seedsOf(EVERY_CALL))('every disk call of seed %i', { timeout: 240_000 }, async (seed) => {
    const whole = new CrashRun(seed)
    await live(seed, whole, SHORT_STEPS)
    expect(whole.calls).toBeGreaterThan(20)
    const first = Number(askedCall ?? 1)
    const last = askedCall === undefined ? whole.calls : first
    for (let crashAt = first; crashAt <= last; crashAt++) {
      for (const crashKind of ['kill', 'power cut'] satisfies CrashKind[]) {
        const run = new CrashRun(seed, { crashAt, crashKind })
        await live(seed, run, SHORT_STEPS, ` ODRADEK_CRASH_AT=${crashAt}`)
      }
    }
  })
})
