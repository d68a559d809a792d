/** What must be read of a log, by its model. */

import { expect } from 'vitest'
import type { BatchView } from '../../../src/protocol/records/batch-view.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import type { LogModel } from './log-model.ts'

/** Every batch that was sent, in order, each once. */
export function checkWhole(log: LogModel, found: readonly BatchView[], end: number): void {
  const batches = found.map((batch) => {
    const [first] = iterateRecords(batch)
    return [batch.baseOffset, String(first!.value), batch.recordCount]
  })
  expect(batches, log.topic).toEqual(
    log.within(end).map(({ baseOffset, value, count }) => [baseOffset, value, count]),
  )
}

/** Every record is one that was sent, at its offset, once; and the last of each key is there. */
export function checkCompacted(log: LogModel, found: readonly BatchView[], end: number): void {
  const sent = new Map<number, string>()
  const last = new Map<string | null, number>()
  for (const { baseOffset, value, count } of log.within(end)) {
    for (let i = 0; i < count; i++) {
      sent.set(baseOffset + i, i === 0 ? value : `${i}`)
      last.set(log.keyAt(baseOffset + i), baseOffset + i)
    }
  }
  const offsets: number[] = []
  for (const batch of found) {
    for (const { offset, key, value } of iterateRecords(batch)) {
      expect([String(key), String(value)], `${log.topic} at ${offset}`).toEqual([
        log.keyAt(offset),
        sent.get(offset),
      ])
      offsets.push(offset)
    }
  }
  expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b))
  for (const offset of last.values()) expect(offsets, log.topic).toContain(offset)
}
