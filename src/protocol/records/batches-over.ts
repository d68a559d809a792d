/** The record batches of a reading, which lie one after the other in several buffers. */

import { BatchView, claimedSizeAt } from './batch-view.ts'

/** Each batch in one piece: by reference where it lies in one buffer, with its header in one in any case. */
export function* batchesOver(buffers: readonly Buffer[]): Generator<BatchView, void, undefined> {
  let index = 0
  let position = 0
  while (index < buffers.length) {
    const buffer = buffers[index]!
    const size = claimedSizeAt(buffer, position)
    if (size === undefined) return
    let end = position + size
    if (end <= buffer.length) {
      yield new BatchView(buffer.subarray(position, end))
    } else {
      const parts = [buffer.subarray(position)]
      while (end > buffers[index]!.length) {
        end -= buffers[index]!.length
        index++
        if (index === buffers.length) return
        parts.push(buffers[index]!.subarray(0, end))
      }
      yield new BatchView(Buffer.concat(parts))
    }
    position = end
    if (position === buffers[index]!.length) {
      index++
      position = 0
    }
  }
}
