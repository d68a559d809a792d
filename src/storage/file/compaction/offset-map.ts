/**
 * Offsets by record key, for compaction: open addressing over plain memory, 24 bytes an entry.
 *
 *   0  key     16 bytes   of the record's key: 128 bits of keyed hash, so that two keys never meet by chance or by intent
 *  16  offset  8 bytes    plus one; 0 is an empty slot
 *
 * The table is cut into parts that grow each for itself, so that no growth takes longer than a moment, and that memory is
 * taken only for what there is.
 */

import { KeyedHash } from './keyed-hash.ts'

const ENTRY_BYTES = 24
const ENTRY_WORDS = 6
const HIGH = 4
const LOW = 5
const TWO_TO_32 = 0x1_0000_0000
/** Most slots of a part: as many entries are moved in one go when it grows. */
const PART_SLOTS = 16_384
const FIRST_SLOTS = 16
/** How full a part may become before it grows, or is full for good. */
const PART_LOAD = 0.95

interface Part {
  words: Int32Array
  slots: number
  count: number
}

export class OffsetMap {
  /** Distinct keys. */
  size = 0
  /** Most distinct keys. */
  readonly limit: number
  private readonly parts: Part[]
  private readonly partSlots: number
  private readonly hash: KeyedHash

  /** `mostBytes` of memory at most, and of their slots no more than `loadFactor` in use. `secret`: 16 bytes, of the hash. */
  constructor(mostBytes: number, loadFactor: number, secret: Buffer) {
    const slots = Math.max(1, Math.floor(mostBytes / ENTRY_BYTES))
    let parts = 1
    while (slots / parts > PART_SLOTS) parts *= 2
    this.partSlots = Math.max(1, Math.floor(slots / parts))
    this.limit = Math.max(1, Math.floor(this.partSlots * parts * Math.min(loadFactor, 1)))
    this.parts = Array.from({ length: parts }, () => ({
      words: new Int32Array(0),
      slots: 0,
      count: 0,
    }))
    this.hash = new KeyedHash(secret)
  }

  /** Bytes of memory that it takes now. */
  get bytes(): number {
    let bytes = 0
    for (const { words } of this.parts) bytes += words.byteLength
    return bytes
  }

  /** Takes the offset of a key, which is larger than those that came before; false when there is no room for another key. */
  put(key: Buffer, offset: number): boolean {
    const words = this.hash.hash(key)
    const part = this.partOf(words)
    let at = part.slots === 0 ? -1 : find(part, words)
    if (at < 0 || isEmpty(part.words, at)) {
      if (this.size >= this.limit) return false
      if (part.count + 1 > part.slots * PART_LOAD && !this.grow(part)) {
        if (part.count >= part.slots) return false
      }
      at = find(part, words)
      for (let i = 0; i < HIGH; i++) part.words[at + i] = words[i]!
      part.count++
      this.size++
    }
    part.words[at + HIGH] = Math.floor((offset + 1) / TWO_TO_32)
    part.words[at + LOW] = (offset + 1) | 0
    return true
  }

  /** The key's offset; -1 for one that was never put in. */
  get(key: Buffer): number {
    const words = this.hash.hash(key)
    const part = this.partOf(words)
    if (part.slots === 0) return -1
    const at = find(part, words)
    if (at < 0) return -1
    return part.words[at + HIGH]! * TWO_TO_32 + (part.words[at + LOW]! >>> 0) - 1
  }

  private partOf(words: Int32Array): Part {
    return this.parts[words[1]! & (this.parts.length - 1)]!
  }

  private grow(part: Part): boolean {
    if (part.slots >= this.partSlots) return false
    const { words, slots } = part
    part.slots = Math.min(Math.max(FIRST_SLOTS, slots * 2), this.partSlots)
    part.words = new Int32Array(part.slots * ENTRY_WORDS)
    for (let from = 0; from < words.length; from += ENTRY_WORDS) {
      if (isEmpty(words, from)) continue
      let slot = slotOf(words[from]!, part.slots)
      while (!isEmpty(part.words, slot * ENTRY_WORDS)) if (++slot === part.slots) slot = 0
      part.words.set(words.subarray(from, from + ENTRY_WORDS), slot * ENTRY_WORDS)
    }
    return true
  }
}

/** The slot of a key, or the empty one where it would go; -1 when there is neither. */
function find({ words, slots }: Part, key: Int32Array): number {
  const [k0, k1, k2, k3] = [key[0]!, key[1]!, key[2]!, key[3]!]
  let slot = slotOf(k0, slots)
  for (let probes = 0; probes < slots; probes++) {
    const at = slot * ENTRY_WORDS
    if (isEmpty(words, at)) return at
    const isSame =
      words[at] === k0 && words[at + 1] === k1 && words[at + 2] === k2 && words[at + 3] === k3
    if (isSame) return at
    if (++slot === slots) slot = 0
  }
  return -1
}

function isEmpty(words: Int32Array, at: number): boolean {
  return (words[at + HIGH]! | words[at + LOW]!) === 0
}

function slotOf(word: number, slots: number): number {
  return Math.floor(((word >>> 0) / TWO_TO_32) * slots)
}
