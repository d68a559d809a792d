/**
 * Offsets by record key, for compaction: open addressing over plain memory, 24 bytes an entry.
 *
 *   0  key     16 bytes   a key of up to 15 bytes itself with its length behind it, of a longer one 120 bits of its MD5
 *  16  offset  8 bytes    plus one; 0 is an empty slot
 *
 * The table is cut into parts that grow each for itself, so that no growth takes longer than a moment, and that memory is
 * taken only for what there is.
 */

import { hash } from 'node:crypto'

const ENTRY_BYTES = 24
const ENTRY_WORDS = 6
const HIGH = 4
const LOW = 5
const KEY_BYTES = 16
const LAST = KEY_BYTES - 1
/** What the last byte of a hashed key is: no length. */
const HASHED = 0xff
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
  private readonly seed: number
  private readonly scratch = Buffer.alloc(KEY_BYTES)
  private readonly key = new Int32Array(
    this.scratch.buffer,
    this.scratch.byteOffset,
    KEY_BYTES / Int32Array.BYTES_PER_ELEMENT,
  )

  /** `mostBytes` of memory at most, and of their slots no more than `loadFactor` in use. `seed`: where keys lie, so that nobody can choose keys that lie together. */
  constructor(mostBytes: number, loadFactor: number, seed: number) {
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
    this.seed = seed | 0
  }

  /** Bytes of memory that it takes now. */
  get bytes(): number {
    let bytes = 0
    for (const { words } of this.parts) bytes += words.byteLength
    return bytes
  }

  /** Takes the offset of a key, which is larger than those that came before; false when there is no room for another key. */
  put(key: Buffer, offset: number): boolean {
    this.load(key)
    const place = placeOf(this.key, 0, this.seed)
    const part = this.partOf(place)
    let at = part.slots === 0 ? -1 : this.find(part, place)
    if (at < 0 || isEmpty(part.words, at)) {
      if (this.size >= this.limit) return false
      if (part.count + 1 > part.slots * PART_LOAD && !this.grow(part)) {
        if (part.count >= part.slots) return false
      }
      at = this.find(part, place)
      part.words.set(this.key, at)
      part.count++
      this.size++
    }
    part.words[at + HIGH] = Math.floor((offset + 1) / TWO_TO_32)
    part.words[at + LOW] = (offset + 1) | 0
    return true
  }

  /** The key's offset; -1 for one that was never put in. */
  get(key: Buffer): number {
    this.load(key)
    const place = placeOf(this.key, 0, this.seed)
    const part = this.partOf(place)
    if (part.slots === 0) return -1
    const at = this.find(part, place)
    if (at < 0) return -1
    return part.words[at + HIGH]! * TWO_TO_32 + (part.words[at + LOW]! >>> 0) - 1
  }

  /** Brings a key into `this.key`. */
  private load(key: Buffer): void {
    const { scratch } = this
    const { length } = key
    if (length >= KEY_BYTES) {
      hash('md5', key, 'buffer').copy(scratch)
      scratch[LAST] = HASHED
      return
    }
    for (let i = 0; i < length; i++) scratch[i] = key[i]!
    scratch.fill(0, length, LAST)
    scratch[LAST] = length
  }

  private partOf(place: number): Part {
    return this.parts[(Math.imul(place, 0x9e3779b1) >>> 0) & (this.parts.length - 1)]!
  }

  /** The slot of the key in `this.key`, or the empty one where it would go; -1 when there is neither. */
  private find({ words, slots }: Part, place: number): number {
    const [k0, k1, k2, k3] = this.key as unknown as [number, number, number, number]
    let slot = slotOf(place, slots)
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

  private grow(part: Part): boolean {
    if (part.slots >= this.partSlots) return false
    const { words, slots } = part
    part.slots = Math.min(Math.max(FIRST_SLOTS, slots * 2), this.partSlots)
    part.words = new Int32Array(part.slots * ENTRY_WORDS)
    for (let from = 0; from < words.length; from += ENTRY_WORDS) {
      if (isEmpty(words, from)) continue
      let slot = slotOf(placeOf(words, from, this.seed), part.slots)
      while (!isEmpty(part.words, slot * ENTRY_WORDS)) if (++slot === part.slots) slot = 0
      part.words.set(words.subarray(from, from + ENTRY_WORDS), slot * ENTRY_WORDS)
    }
    return true
  }
}

function isEmpty(words: Int32Array, at: number): boolean {
  return (words[at + HIGH]! | words[at + LOW]!) === 0
}

function slotOf(place: number, slots: number): number {
  return Math.floor(((place >>> 0) / TWO_TO_32) * slots)
}

/** Mixes the four words of a key. */
function placeOf(words: Int32Array, at: number, seed: number): number {
  let mixed = seed
  for (let i = at; i < at + 4; i++) {
    mixed = Math.imul(mixed ^ words[i]!, 0x85ebca6b)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0xc2b2ae35)
    mixed ^= mixed >>> 13
  }
  return mixed
}
