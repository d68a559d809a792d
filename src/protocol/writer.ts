/**
 * Writes a frame or a body: a growing buffer, and between its pieces large Buffers that are borrowed, not copied.
 *
 * The pieces lie in slabs that successive writers share. `finish` hands out slices that nobody writes to again, and gives
 * what is left of the slab to the next writer: a slice keeps its slab alive, so what is to live long is taken with `copy`.
 * Borrowed Buffers still belong to the caller, who leaves them alone until the pieces are sent.
 */

const SLAB_SIZE = 64 * 1024
/** A slab with less than this left is not worth beginning in. */
const LEAST_ROOM = 1024
/** Below this, copying is cheaper than one more piece to send. */
const BORROW_FROM = 2048
const MAX_STRING_BYTES = 32_767
/** Up to this length a loop beats a call into native code. */
const SHORT_STRING = 24

interface Slab {
  readonly buffer: Buffer
  readonly view: DataView
  used: number
}

/** What the last writer left, until the next one takes it. */
let spare: Slab | undefined

function makeSlab(size: number): Slab {
  const buffer = Buffer.allocUnsafeSlow(size)
  return { buffer, view: new DataView(buffer.buffer, buffer.byteOffset, size), used: 0 }
}

export class Writer {
  private slab: Slab
  private buffer: Buffer
  /** Where the piece begins that is being written. */
  private start: number
  private position: number
  private pieces: Buffer[] = []
  private piecesLength = 0

  constructor() {
    if (spare !== undefined && spare.buffer.length - spare.used >= LEAST_ROOM) {
      this.slab = spare
      spare = undefined
    } else {
      this.slab = makeSlab(SLAB_SIZE)
    }
    this.buffer = this.slab.buffer
    this.start = this.slab.used
    this.position = this.start
  }

  /** Bytes written so far, borrowed ones included. */
  get length(): number {
    return this.piecesLength + this.position - this.start
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    if (value !== (value << 24) >> 24) outOfRange('int8', value)
    const at = this.take(1)
    this.buffer[at] = value
  }

  int16(value: number): void {
    if (value !== (value << 16) >> 16) outOfRange('int16', value)
    const at = this.take(2)
    this.buffer[at] = value >> 8
    this.buffer[at + 1] = value
  }

  uint16(value: number): void {
    if (value !== (value & 0xffff)) outOfRange('uint16', value)
    this.int16((value << 16) >> 16)
  }

  int32(value: number): void {
    if (value !== (value | 0)) outOfRange('int32', value)
    const at = this.take(4)
    const { buffer } = this
    buffer[at] = value >> 24
    buffer[at + 1] = value >> 16
    buffer[at + 2] = value >> 8
    buffer[at + 3] = value
  }

  uint32(value: number): void {
    if (value !== value >>> 0) outOfRange('uint32', value)
    this.int32(value | 0)
  }

  int64(value: bigint | number): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) outOfRange('int64', value)
      this.int32(Math.floor(value / 4_294_967_296) | 0)
      this.int32(value | 0)
      return
    }
    if (value !== BigInt.asIntN(64, value)) outOfRange('int64', value)
    this.take(8)
    this.slab.view.setBigInt64(this.position - 8, value)
  }

  float64(value: number): void {
    this.take(8)
    this.slab.view.setFloat64(this.position - 8, value)
  }

  /** 22 characters of URL-safe base64. */
  uuid(value: string): void {
    const at = this.take(16)
    if (value.length !== 22 || this.buffer.write(value, at, 16, 'base64url') !== 16) {
      throw new TypeError(`"${value}" is not a uuid of 22 characters.`)
    }
  }

  uvarint(value: number): void {
    let rest = value >>> 0
    if (rest !== value) outOfRange('uvarint', value)
    let at = this.take(5)
    const { buffer } = this
    while (rest > 0x7f) {
      buffer[at++] = rest | 0x80
      rest >>>= 7
    }
    buffer[at++] = rest
    this.position = at
  }

  string(value: string): void {
    const { length } = value
    if (length > SHORT_STRING || !this.shortString(value, 2)) {
      const size = utf8Size(value)
      this.int16(size)
      this.utf8(value, size)
    }
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const { length } = value
    if (length > SHORT_STRING || !this.shortString(value, 1)) {
      const size = utf8Size(value)
      this.uvarint(size + 1)
      this.utf8(value, size)
    }
  }

  nullableCompactString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length)
    this.raw(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: Uint8Array): void {
    this.uvarint(value.length + 1)
    this.raw(value)
  }

  nullableCompactBytes(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBytes(value)
  }

  records(value: Buffer | readonly Buffer[]): void {
    this.int32(sizeOf(value))
    this.borrowAll(value)
  }

  nullableRecords(value: Buffer | readonly Buffer[] | null): void {
    if (value === null) this.int32(-1)
    else this.records(value)
  }

  compactRecords(value: Buffer | readonly Buffer[]): void {
    this.uvarint(sizeOf(value) + 1)
    this.borrowAll(value)
  }

  nullableCompactRecords(value: Buffer | readonly Buffer[] | null): void {
    if (value === null) this.uvarint(0)
    else this.compactRecords(value)
  }

  /** The number of an array's elements, -1 for null. */
  count(value: number): void {
    this.int32(value)
  }

  compactCount(value: number): void {
    this.uvarint(value + 1)
  }

  /** Copies bytes as they are. */
  raw(value: Uint8Array): void {
    const at = this.take(value.length)
    this.buffer.set(value, at)
  }

  /** Opens the content of a tagged field, whose size goes before it. Nothing is borrowed until it is closed. */
  openTag(tag: number): number {
    this.uvarint(tag)
    this.take(1)
    return this.position - this.start
  }

  /** Closes what `openTag` gave, and moves the content when its size takes more than the byte that was kept for it. */
  closeTag(opened: number): void {
    const size = this.position - this.start - opened
    let extra = 0
    for (let rest = size >>> 7; rest > 0; rest >>>= 7) extra++
    if (extra > 0) {
      this.take(extra)
      const content = this.start + opened
      this.buffer.copyWithin(content + extra, content, content + size)
    }
    let at = this.start + opened - 1
    let rest = size
    for (; rest > 0x7f; rest >>>= 7) this.buffer[at++] = rest | 0x80
    this.buffer[at] = rest
  }

  /** Keeps the first four bytes for a frame's size; `finish` fills them in. */
  openFrame(): void {
    if (this.length > 0) throw new TypeError('A frame begins with its size.')
    this.take(4)
  }

  /** What was written, in order. With `framed`, `openFrame` came first. The writer is of no use after it. */
  finish(framed = false): Buffer[] {
    const size = this.length
    if (this.position > this.start) this.cut()
    this.giveBack(this.position)
    if (framed) this.pieces[0]!.writeInt32BE(size - 4)
    return this.pieces
  }

  /** The same in one Buffer of its own, which shares memory with nothing. */
  copy(): Buffer {
    if (this.position > this.start) this.cut()
    const whole = Buffer.allocUnsafeSlow(this.piecesLength)
    let at = 0
    for (const piece of this.pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    this.giveBack(this.slab.used)
    return whole
  }

  private giveBack(used: number): void {
    this.slab.used = used
    if (spare === undefined || this.slab.buffer.length - used > spare.buffer.length - spare.used) {
      spare = this.slab
    }
  }

  /** Makes room, moves on, and gives where the room begins. */
  private take(size: number): number {
    if (size > this.buffer.length - this.position) this.grow(size)
    const at = this.position
    this.position = at + size
    return at
  }

  /** Goes on in a larger slab; offsets within the piece stay as they are. */
  private grow(size: number): void {
    const written = this.position - this.start
    const slab = makeSlab(Math.max(SLAB_SIZE, 2 * (written + size)))
    this.buffer.copy(slab.buffer, 0, this.start, this.position)
    this.slab = slab
    this.buffer = slab.buffer
    this.start = 0
    this.position = written
  }

  /** Ends the piece that is being written. */
  private cut(): void {
    const piece = this.buffer.subarray(this.start, this.position)
    this.pieces.push(piece)
    this.piecesLength += piece.length
    this.start = this.position
  }

  private borrowAll(value: Buffer | readonly Buffer[]): void {
    if (!Array.isArray(value)) this.borrow(value as Buffer)
    else for (const buffer of value as readonly Buffer[]) this.borrow(buffer)
  }

  private borrow(buffer: Buffer): void {
    if (buffer.length < BORROW_FROM) {
      this.raw(buffer)
      return
    }
    if (this.position > this.start) this.cut()
    this.pieces.push(buffer)
    this.piecesLength += buffer.length
  }

  /** Writes length and characters when all are ASCII, and says whether they were. */
  private shortString(value: string, lengthSize: 1 | 2): boolean {
    const { length } = value
    const at = this.take(length + lengthSize)
    const { buffer } = this
    let target = at
    if (lengthSize === 1) {
      buffer[target++] = length + 1
    } else {
      buffer[target++] = 0
      buffer[target++] = length
    }
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) {
        this.position = at
        return false
      }
      buffer[target++] = code
    }
    return true
  }

  private utf8(value: string, size: number): void {
    const at = this.take(size)
    this.buffer.write(value, at, size, 'utf8')
  }
}

function utf8Size(value: string): number {
  const size = Buffer.byteLength(value, 'utf8')
  if (size > MAX_STRING_BYTES)
    throw new TypeError(`A string of ${size} bytes is too long to write.`)
  return size
}

function sizeOf(value: Buffer | readonly Buffer[]): number {
  if (!Array.isArray(value)) return (value as Buffer).length
  let size = 0
  for (const buffer of value as readonly Buffer[]) size += buffer.length
  return size
}

function outOfRange(type: string, value: unknown): never {
  throw new TypeError(`${String(value)} is no ${type}.`)
}
