/** What snappy and LZ4 have in common: both compress block by block, by copying from what the block already said. */

export interface BlockCodec {
  compress(block: Buffer): Buffer
  /** The block's content, of at most `size` bytes; throws where the block is broken or has more. */
  uncompress(block: Buffer, size: number): Buffer
}

/** Below this a loop is quicker than a call. */
const LOOP_UP_TO_BYTES = 32

/** Repeats what stands `distance` bytes before `position`; where it reaches over itself it goes on with what it has just written. */
export function repeat(bytes: Buffer, position: number, distance: number, length: number): void {
  const from = position - distance
  if (length <= LOOP_UP_TO_BYTES || distance === 0) {
    for (let i = 0; i < length; i++) bytes[position + i] = bytes[from + i]!
    return
  }
  let done = 0
  while (done < length) {
    const step = Math.min(distance + done, length - done)
    bytes.copyWithin(position + done, from, from + step)
    done += step
  }
}

/** Copies a literal, from one buffer into another. */
export function copyLiteral(
  from: Buffer,
  start: number,
  to: Buffer,
  position: number,
  length: number,
): void {
  if (length > LOOP_UP_TO_BYTES) {
    from.copy(to, position, start, start + length)
    return
  }
  for (let i = 0; i < length; i++) to[position + i] = from[start + i]!
}

/** Blocks one after the other; the one block itself where there are no more. */
export function joinBlocks(blocks: readonly Buffer[]): Buffer {
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)
}
