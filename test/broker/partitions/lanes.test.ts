import { describe, expect, it } from 'vitest'
import { Lanes } from '../../../src/broker/partitions/lanes.ts'
import { logId } from '../../../src/storage/engine.ts'

const first = logId('AAAAAAAAAAAAAAAAAAAAAB', 0)
const second = logId('AAAAAAAAAAAAAAAAAAAAAB', 1)

/** Work that notes when it begins, on something that is ready when the test says so. */
function lanesUnderTest() {
  const lanes = new Lanes()
  const begun: string[] = []
  const enter = (name: string, ...logs: ReturnType<typeof logId>[]) => {
    let ready = (): void => {}
    let spoil = (): void => {}
    const promise = new Promise<string>((resolve, reject) => {
      ready = () => resolve(name)
      spoil = () => reject(new Error(name))
    })
    const result = lanes.inTurn(logs, promise, (value) => {
      begun.push(value)
      return Promise.resolve(`${value} done`)
    })
    return { ready, spoil, result }
  }
  return { lanes, begun, enter }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('lanes', () => {
  it('begin work in the order in which it came, whatever is ready first', async () => {
    const { begun, enter } = lanesUnderTest()
    const a = enter('a', first)
    const b = enter('b', first)
    b.ready()
    await turn()
    expect(begun).toEqual([])
    a.ready()
    expect(await Promise.all([a.result, b.result])).toEqual(['a done', 'b done'])
    expect(begun).toEqual(['a', 'b'])
  })

  it('do not hold up work on other logs', async () => {
    const { begun, enter } = lanesUnderTest()
    const a = enter('a', first)
    const b = enter('b', second)
    b.ready()
    await b.result
    expect(begun).toEqual(['b'])
    a.ready()
    await a.result
  })

  it('keep the order on every log of work that has several', async () => {
    const { begun, enter } = lanesUnderTest()
    const a = enter('a', first)
    const both = enter('both', first, second)
    const c = enter('c', second)
    c.ready()
    both.ready()
    await turn()
    expect(begun).toEqual([])
    a.ready()
    await Promise.all([a.result, both.result, c.result])
    expect(begun).toEqual(['a', 'both', 'c'])
  })

  it('are free again when all work has begun, even where some lost what it waited for', async () => {
    const { lanes, begun, enter } = lanesUnderTest()
    expect(lanes.isFree(first)).toBe(true)
    const a = enter('a', first)
    const b = enter('b', first)
    expect(lanes.isFree(first)).toBe(false)
    b.ready()
    a.spoil()
    await expect(a.result).rejects.toThrow('a')
    expect(await b.result).toBe('b done')
    expect(begun).toEqual(['b'])
    expect(lanes.isFree(first)).toBe(true)
  })

  it('let nothing overtake when the work between lost what it waited for', async () => {
    const { begun, enter } = lanesUnderTest()
    const a = enter('a', first)
    const b = enter('b', first)
    const c = enter('c', first)
    b.spoil()
    c.ready()
    await turn()
    expect(begun).toEqual([])
    a.ready()
    await expect(b.result).rejects.toThrow('b')
    await Promise.all([a.result, c.result])
    expect(begun).toEqual(['a', 'c'])
  })
})
