/**
 * LZ4 blocks: sequences of a token (length of the literal, length of the match), the literal, and the distance of the
 * match (uint16, little-endian). The last sequence has no match.
 */

import { type BlockCodec, copyLiteral, repeat } from './block-codec.ts'
import { optional, required } from './package-loader.ts'

const PREFIX_BYTES = 4
const LEAST_MATCH = 4
/** A length of this in a token goes on in the bytes that follow. */
const LONG = 15

/** Both packages write blocks with their size before them, and want them so. */
interface NativeLz4 {
  compressSync(block: Buffer): Buffer
  uncompressSync(block: Buffer): Buffer
}
interface WasmLz4 {
  compress(block: Buffer): Uint8Array
}

let native: BlockCodec | null | undefined

export function nativeLz4(): BlockCodec | null {
  if (native === undefined) {
    const found = optional<NativeLz4>('lz4-napi', (lz4) => {
      const text = Buffer.from('lz4 lz4 lz4 lz4 lz4 lz4')
      return lz4.uncompressSync(lz4.compressSync(text)).equals(text)
    })
    native = found && {
      compress: (block) => found.compressSync(block).subarray(PREFIX_BYTES),
      uncompress: (block, size) => found.uncompressSync(withPrefix(block, size)),
    }
  }
  return native
}

/** The package compresses. To open a block it wants to know the exact size of its content, which a frame does not say. */
export const wasmLz4: BlockCodec = {
  compress(block) {
    const { buffer, byteOffset, length } = required<WasmLz4>('lz4-wasm').compress(block)
    return Buffer.from(buffer, byteOffset, length).subarray(PREFIX_BYTES)
  },
  uncompress: uncompressBlock,
}

export function lz4Codec(): BlockCodec {
  return nativeLz4() ?? wasmLz4
}

function withPrefix(block: Buffer, size: number): Buffer {
  const prefixed = Buffer.allocUnsafe(PREFIX_BYTES + block.length)
  prefixed.writeUInt32LE(size)
  block.copy(prefixed, PREFIX_BYTES)
  return prefixed
}

function uncompressBlock(block: Buffer, size: number): Buffer {
  const content = Buffer.allocUnsafe(size)
  let from = 0
  let to = 0
  for (;;) {
    if (from >= block.length) throw new RangeError('A sequence is missing.')
    const token = block[from++]!
    let length = token >>> 4
    if (length === LONG) {
      const end = lengthEnd(block, from)
      length += moreLength(block, from, end)
      from = end
    }
    if (from + length > block.length || to + length > size) {
      throw new RangeError('A literal is too long.')
    }
    copyLiteral(block, from, content, to, length)
    from += length
    to += length
    if (from === block.length) return content.subarray(0, to)
    const distance = block.readUInt16LE(from)
    from += 2
    length = (token & 0x0f) + LEAST_MATCH
    if (length === LONG + LEAST_MATCH) {
      const end = lengthEnd(block, from)
      length += moreLength(block, from, end)
      from = end
    }
    if (distance === 0 || distance > to || to + length > size) {
      throw new RangeError('A match is too far or too long.')
    }
    repeat(content, to, distance, length)
    to += length
  }
}

/** Behind the bytes of a long length, the last of which is the first that is not 255. */
function lengthEnd(block: Buffer, start: number): number {
  let end = start
  while (block[end] === 255) end++
  if (end >= block.length) throw new RangeError('A length is cut off.')
  return end + 1
}

function moreLength(block: Buffer, start: number, end: number): number {
  return (end - 1 - start) * 255 + block[end - 1]!
}
