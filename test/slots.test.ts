import { describe, expect, it } from 'vitest'
import { Slots } from '../src/slots.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('slots', () => {
  it('let so much work be under way, and the rest begin in its order', async () => {
    const slots = new Slots(2)
    const begun: number[] = []
    const ends: (() => void)[] = []
    const results = [0, 1, 2, 3].map((n) =>
      slots.run(async () => {
        begun.push(n)
        await new Promise<void>((resolve) => {
          ends[n] = resolve
        })
        return n
      }),
    )
    await turn()
    expect(begun).toEqual([0, 1])
    ends[1]!()
    await turn()
    expect(begun).toEqual([0, 1, 2])
    for (const n of [0, 2]) ends[n]!()
    await turn()
    ends[3]!()
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3])
  })

  it('are free again after work that failed', async () => {
    const slots = new Slots(1)
    const failed = slots.run(() => Promise.reject(new Error('broken')))
    const next = slots.run(async () => 'done')
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('done')
  })
})
