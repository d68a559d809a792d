import { describe, expect, it } from 'vitest'
import { Deadline, Deadlines } from '../../../src/broker/groups/deadlines.ts'
import { ManualClock } from '../../../src/clock.ts'
import { seededRandom } from '../../../src/random.ts'

class CountingClock extends ManualClock {
  started = 0

  override after(delayMs: number, callback: () => void) {
    this.started++
    return super.after(delayMs, callback)
  }
}

describe('deadlines', () => {
  it('fall due at their time, in their order, however they were moved before', async () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    const random = seededRandom(7)
    const due: { at: number; name: number }[] = []
    const wanted: { at: number; name: number }[] = []
    for (let name = 0; name < 500; name++) {
      const deadline = new Deadline(() => due.push({ at: clock.monotonic(), name }))
      let at = 0
      for (let moves = random.below(4); moves >= 0; moves--) {
        at = 1 + random.below(1000)
        deadlines.set(deadline, at)
      }
      if (random.below(5) === 0) deadlines.cancel(deadline)
      else wanted.push({ at, name })
    }
    await clock.advance(1000)
    const byName = (one: { name: number }, other: { name: number }) => one.name - other.name
    expect(due.toSorted(byName)).toEqual(wanted.toSorted(byName))
    expect(due.map(({ at }) => at)).toEqual(due.map(({ at }) => at).toSorted((a, b) => a - b))
  })

  it('that are put off cost no timer: thousands of members share one', async () => {
    const clock = new CountingClock()
    const deadlines = new Deadlines(clock)
    let due = 0
    const sessions = Array.from({ length: 5000 }, () => new Deadline(() => due++))
    for (let second = 0; second < 20; second++) {
      for (const session of sessions) deadlines.set(session, clock.monotonic() + 10_000)
      await clock.advance(1000)
    }
    expect(due).toBe(0)
    expect(clock.started).toBeLessThan(10)
    await clock.advance(10_000)
    expect(due).toBe(5000)
  })

  it('do not fall due once they are cleared, and may be set again', async () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock)
    let due = 0
    const deadline = new Deadline(() => due++)
    deadlines.set(deadline, 10)
    deadlines.clear()
    await clock.advance(20)
    expect(due).toBe(0)
    deadlines.set(deadline, 30)
    await clock.advance(10)
    expect(due).toBe(1)
  })
})
