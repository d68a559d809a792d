/** The memory budget: who may go on when there is none left, and who is given up. */

import { describe, expect, it } from 'vitest'
import { type Claimant, MemoryBudget, memoryLimit } from '../../src/broker/memory.ts'
import { ManualClock } from '../../src/clock.ts'
import { Put, settled, Take, Wire } from './network/wire.ts'

class Reader implements Claimant {
  frameTurn: number | undefined
  frameBytes = 0
  hasUnsent = false
  movedAt = 0
  proceeds = 0
  abandoned: string | undefined

  proceed(): void {
    this.proceeds++
  }

  abandon(reason: string): void {
    this.abandoned = reason
  }
}

/** Reads that end when a test says so. */
class Reads {
  readonly begun: string[] = []
  readonly ended: string[] = []
  onEnd = (): void => {}
  private readonly ends = new Map<string, () => void>()
  private readonly results = new Map<string, Promise<void>>()
  private readonly budget: MemoryBudget

  constructor(budget: MemoryBudget) {
    this.budget = budget
  }

  start(name: string, bytes: number): void {
    const begin = (): Promise<void> => {
      this.begun.push(name)
      return new Promise((resolve) => this.ends.set(name, resolve))
    }
    const result = Promise.resolve(this.budget.read(begin, () => bytes))
    const ended = result.then(() => {
      this.ended.push(name)
      this.onEnd()
    })
    this.results.set(name, ended)
  }

  async finish(name: string): Promise<void> {
    this.ends.get(name)?.()
    await this.results.get(name)
    await settled()
  }
}

function unasked(): number {
  throw new Error('What is there at once has no size.')
}

function setUp(limit = 1000) {
  const clock = new ManualClock()
  const budget = new MemoryBudget(limit, clock)
  const reader = (): Reader => {
    const made = new Reader()
    budget.join(made)
    return made
  }
  const beginFrame = (of: Reader, bytes: number): void => {
    of.frameTurn = budget.nextTurn()
    of.frameBytes = bytes
    of.movedAt = clock.monotonic()
    budget.chargeFrame(bytes)
  }
  return { clock, budget, reader, beginFrame }
}

describe('MemoryBudget', () => {
  it('lets everybody read while there is room, and calls who waited when there is again', () => {
    const { budget, reader } = setUp()
    const idle = reader()
    budget.chargeFrame(1000)
    expect(budget.mayRead(idle)).toBe(true)
    budget.chargeFrame(1)
    expect(budget.mayRead(idle)).toBe(false)
    budget.releaseFrame(1)
    expect(idle.proceeds).toBe(1)
    expect(budget.mayRead(idle)).toBe(true)
  })

  it('lets one begun frame go on at a time, the oldest first', () => {
    const { budget, reader, beginFrame } = setUp()
    const [first, second, third] = [reader(), reader(), reader()]
    for (const each of [first, second, third]) beginFrame(each, 500)
    expect(budget.mayRead(second)).toBe(true)
    expect(budget.mayRead(third)).toBe(false)
    expect(budget.mayRead(first)).toBe(false)
    second.frameTurn = undefined
    expect(budget.mayRead(second)).toBe(false)
    expect([first.proceeds, third.proceeds]).toEqual([1, 0])
    expect(budget.mayRead(first)).toBe(true)
  })

  it('passes the turn on when its holder begins another frame, stops reading, or closes', () => {
    const { budget, reader, beginFrame } = setUp()
    const [first, second, third] = [reader(), reader(), reader()]
    for (const each of [first, second, third]) beginFrame(each, 500)
    expect([first, second, third].map((each) => budget.mayRead(each))).toEqual([true, false, false])
    beginFrame(first, 100)
    expect(budget.mayRead(first)).toBe(false)
    expect(second.proceeds).toBe(1)
    budget.withdraw(second)
    expect(third.proceeds).toBe(1)
    budget.leave(third)
    expect(first.proceeds).toBe(1)
  })

  it('gives up frames that stand still, but not those that were not let read', async () => {
    const { clock, budget, reader, beginFrame } = setUp()
    const [stuck, turn, waits] = [reader(), reader(), reader()]
    beginFrame(stuck, 500)
    await clock.advance(1000)
    beginFrame(turn, 500)
    beginFrame(waits, 500)
    expect(budget.mayRead(turn)).toBe(true)
    expect(budget.mayRead(waits)).toBe(false)
    await clock.advance(4500)
    expect(stuck.abandoned).toBeDefined()
    expect([turn.abandoned, waits.abandoned]).toEqual([undefined, undefined])
    turn.frameBytes += 100
    turn.movedAt = clock.monotonic()
    await clock.advance(2000)
    expect(turn.abandoned).toBeDefined()
    expect(waits.abandoned).toBeUndefined()
  })

  it('lets a frame that makes progress have its turn for as long as it takes', async () => {
    const { clock, budget, reader, beginFrame } = setUp()
    const slow = reader()
    beginFrame(slow, 1001)
    expect(budget.mayRead(slow)).toBe(true)
    for (let second = 0; second < 60; second++) {
      slow.frameBytes += 10_000
      slow.movedAt = clock.monotonic()
      await clock.advance(1000)
    }
    expect(slow.abandoned).toBeUndefined()
  })

  it('starts no request while replies take all of it, and gives up who does not read', async () => {
    const { clock, budget, reader } = setUp()
    const [deaf, other] = [reader(), reader()]
    deaf.hasUnsent = true
    other.movedAt = 6000
    budget.chargeReply(1001)
    expect(budget.mayStart(other)).toBe(false)
    await clock.advance(6000)
    expect(deaf.abandoned).toBeDefined()
    expect(other.abandoned).toBeUndefined()
    budget.releaseReply(1001)
    expect(other.proceeds).toBe(1)
    expect(budget.mayStart(other)).toBe(true)
  })

  it('begins reads while replies and reads before them leave any room in their half, in their order', async () => {
    const { budget } = setUp()
    const reads = new Reads(budget)
    for (const name of ['a', 'b', 'c', 'd']) reads.start(name, 300)
    expect(reads.begun).toEqual(['a', 'b'])
    expect(budget.used).toBe(600)
    await reads.finish('b')
    expect(reads.begun).toEqual(['a', 'b', 'c'])
    await reads.finish('c')
    await reads.finish('a')
    await reads.finish('d')
    expect(reads.ended).toEqual(['b', 'c', 'a', 'd'])
    expect(budget.used).toBe(0)
  })

  it('begins a read however large it is, when no other is under way', async () => {
    const { budget } = setUp()
    const reads = new Reads(budget)
    reads.start('a', 100_000)
    reads.start('b', 100_000)
    expect(reads.begun).toEqual(['a'])
    await reads.finish('a')
    expect(reads.begun).toEqual(['a', 'b'])
    await reads.finish('b')
    expect(budget.used).toBe(0)
  })

  it('begins no read while replies take all of it, and gives up who does not read them', async () => {
    const { clock, budget, reader } = setUp()
    const deaf = reader()
    deaf.hasUnsent = true
    budget.chargeReply(1001)
    const reads = new Reads(budget)
    reads.start('a', 10)
    await clock.advance(6000)
    expect(reads.begun).toEqual([])
    expect(deaf.abandoned).toBeDefined()
    budget.releaseReply(1001)
    expect(reads.begun).toEqual(['a'])
    await reads.finish('a')
  })

  it('holds a read until what it brought is charged as a reply', async () => {
    const { budget } = setUp()
    const reads = new Reads(budget)
    reads.onEnd = () => budget.chargeReply(450)
    reads.start('a', 750)
    reads.start('b', 100)
    await reads.finish('a')
    expect(budget.used).toBe(550)
    await reads.finish('b')
    expect(budget.used).toBe(900)
    reads.start('c', 100)
    expect(reads.begun).toEqual(['a', 'b'])
    budget.releaseReply(450)
    expect(reads.begun).toEqual(['a', 'b', 'c'])
    await reads.finish('c')
  })

  it('charges nothing for reads that are done at once, and lets them take turns', async () => {
    const { budget } = setUp()
    expect(budget.read(() => 'hot', unasked)).toBe('hot')
    budget.chargeReply(1001)
    const seen: string[] = []
    const hot = (name: string): string => {
      seen.push(name)
      budget.chargeReply(300)
      return name
    }
    const waiting = ['a', 'b', 'c'].map((name) => budget.read(() => hot(name), unasked))
    const failing = budget.read(() => {
      throw new Error('broken')
    }, unasked)
    expect(seen).toEqual([])
    budget.releaseReply(1001)
    await settled()
    expect(seen).toEqual(['a', 'b'])
    budget.releaseReply(600)
    expect(await Promise.all(waiting.map(async (one) => one))).toEqual(['a', 'b', 'c'])
    await expect(failing).rejects.toThrow('broken')
    expect(budget.used).toBe(300)
  })

  it('keeps half of it for frames, however many replies nobody reads', () => {
    const { budget, reader } = setUp()
    const producer = reader()
    budget.chargeReply(5000)
    expect(budget.mayRead(producer)).toBe(true)
    budget.chargeFrame(500)
    expect(budget.mayRead(producer)).toBe(true)
    budget.chargeFrame(1)
    expect(budget.mayRead(producer)).toBe(false)
  })

  it('gives a failed read its room back', async () => {
    const { budget } = setUp()
    const failed = budget.read(
      () => Promise.reject(new Error('broken')),
      () => 5000,
    )
    expect(budget.used).toBe(5000)
    await expect(failed).rejects.toThrow('broken')
    await settled()
    expect(budget.used).toBe(0)
  })

  it('gives nobody up while there is room', async () => {
    const { clock, reader, beginFrame } = setUp()
    const slow = reader()
    slow.hasUnsent = true
    beginFrame(slow, 1000)
    await clock.advance(600_000)
    expect(slow.abandoned).toBeUndefined()
  })

  it('has as much as is configured, or a quarter of the memory', () => {
    expect(memoryLimit(12_345)).toBe(12_345)
    expect(memoryLimit(-1)).toBeGreaterThan(64 * 1024 * 1024)
  })
})

describe('connections over budget', () => {
  const part = 400_000

  it('finish their frames one by one, and all are answered in the end', async () => {
    const wire = new Wire({ memory: 1_000_000 })
    const clients = Array.from({ length: 8 }, () => wire.connect())
    const frames = clients.map((client, tag) =>
      client.frame(Put, { tag, payload: Buffer.alloc(900_000) }),
    )
    for (const [at, client] of clients.entries()) client.stream.write(frames[at]!.subarray(0, part))
    await settled(60)
    for (const [at, client] of clients.entries()) client.stream.write(frames[at]!.subarray(part))
    await settled(60)
    expect(wire.calls.length).toBeLessThan(4)
    for (let done = 0; done < 8; done++) {
      await settled(60)
      expect(wire.calls.length).toBeLessThan(4)
      for (const call of wire.calls.splice(0)) call.answer()
    }
    await settled(60)
    expect(clients.map(({ ids }) => ids.length)).toEqual(clients.map(() => 1))
    expect(wire.budget.used).toBe(0)
  })

  it('are given up when their frame does not come, so that others are served', async () => {
    const wire = new Wire({ memory: 1_000_000 })
    const stuck = [wire.connect(), wire.connect(), wire.connect()]
    for (const client of stuck) {
      const frame = client.frame(Put, { tag: 1, payload: Buffer.alloc(900_000) })
      client.stream.write(frame.subarray(0, part))
    }
    await settled(60)
    expect(wire.budget.isOver).toBe(true)
    const served = wire.connect()
    for (let request = 0; request < 4; request++) {
      served.send(Put, { tag: 9, payload: Buffer.alloc(200_000) })
    }
    await settled(60)
    expect(wire.calls.length).toBeLessThan(4)
    for (let second = 0; second < 20; second++) {
      for (const call of wire.calls.splice(0)) call.answer()
      await settled(40)
      await wire.clock.advance(1000)
    }
    expect(served.ids).toHaveLength(4)
    expect(stuck.some(({ isOver }) => isOver)).toBe(true)
    expect(wire.warnings[0]).toContain('its frame does not come')
  })

  it('are given up when they do not read their replies', async () => {
    const wire = new Wire({ memory: 3_000_000 })
    const deaf = Array.from({ length: 4 }, () => wire.connect())
    for (const client of deaf) {
      client.stream.pause()
      client.send(Take, { tag: 1_000_000 })
    }
    await settled()
    expect(wire.budget.used).toBeGreaterThan(wire.budget.limit)
    const other = wire.connect()
    other.send(Take, { tag: 10 })
    await settled()
    expect(other.ids).toEqual([])
    await wire.clock.advance(7000)
    await settled()
    expect(other.ids).toEqual([1])
    expect(wire.warnings[0]).toContain('its replies are not read')
  })
})
