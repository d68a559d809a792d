/**
 * Stored record batches as clients read them that know only messages of magic 0 or 1.
 *
 * Offsets, keys, values and codecs are kept; headers, and in magic 0 timestamps, are left away; control batches are not for
 * such clients, and zstd they do not know. A batch without a codec is read from the offset that was asked for on, one with a
 * codec becomes a wrapper; of a large one several, so that no more is in memory than what one of them holds, and those before
 * the offset are left out.
 */

import type { BatchView } from './batch-view.ts'
import type { ErrorName } from '../errors.ts'
import { batchesOver } from './batches-over.ts'
import {
  type Compression,
  deflateLater,
  inflatePieces,
  inflateQuickly,
  type Pause,
} from './compression.ts'
import { InvalidRecord } from './invalid-record.ts'
import { encodingOf, type LegacyMagic } from './message.ts'
import { MessageSetWriter, wrapper } from './message-set.ts'
import type { RecordCursor } from './record-cursor.ts'
import { WholeRecords } from './whole-records.ts'

/** What one wrapper holds at most, but for a record that is larger. */
const WRAPPED_BYTES = 1024 * 1024
const LEAST_WRAPPED_BYTES = 1024
/** So much is converted while others wait, where a record counts for more than its bytes. */
const SLICE_BYTES = 512 * 1024
const RECORD_BYTES = 100

export interface DownConversionTerms {
  magic: LegacyMagic
  /** The offset that was asked for. */
  firstOffset: number
  /** What the messages may take. */
  maxBytes: number
  /** What becomes of the first message when it takes more: it comes all the same, or its beginning, by which a client sees that it asks for too little. */
  tooLarge: 'whole' | 'cut'
  /** What all the conversions of one answer have left to compress: when it is used up, what is there is the answer. */
  effort?: ConversionEffort
  /** Asked again and again: false ends the conversion wherever it is. */
  isWanted?: () => boolean
}

/** Bytes before compression. What compresses well fits by the hundreds of megabytes into an answer, and nobody waits that long. */
export interface ConversionEffort {
  left: number
}

export interface DownConverted {
  /** The message set, in parts. */
  messages: Buffer[]
  size: number
  /** The offset after all that was looked at, whether it became a message or not. */
  nextOffset: number
  /** Why there is nothing, where the first batch cannot be converted. */
  error?: ErrorName
}

/** Converts the batches that lie one after the other in these buffers, as far as they fit. Does not reject for anything that the bytes hold. */
export async function downConvert(
  buffers: readonly Buffer[],
  terms: DownConversionTerms,
  pause: Pause,
): Promise<DownConverted> {
  const conversion = new DownConversion(terms, pause)
  try {
    for (const batch of batchesOver(buffers)) {
      if (conversion.isOver) break
      await conversion.add(batch)
    }
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    // What comes before is read first: then the client asks for this, and hears of it.
    if (conversion.size === 0) return { ...conversion.result(), error: error.error }
  }
  return conversion.result()
}

class DownConversion {
  /** There is no room for what comes next. */
  isFull = false
  size = 0
  private nextOffset: number
  private readonly messages: Buffer[] = []
  private readonly terms: DownConversionTerms
  private readonly pause: Pause
  private readonly wrappedBytes: number
  private work = 0

  constructor(terms: DownConversionTerms, pause: Pause) {
    this.terms = terms
    this.pause = pause
    this.nextOffset = terms.firstOffset
    const fitting = Math.max(LEAST_WRAPPED_BYTES, Math.floor(terms.maxBytes * 0.75))
    this.wrappedBytes = Math.min(WRAPPED_BYTES, fitting)
  }

  /** Nothing more is to be added. */
  get isOver(): boolean {
    const { effort, isWanted } = this.terms
    const isSpent = this.size > 0 && effort !== undefined && effort.left <= 0
    return this.isFull || isSpent || isWanted?.() === false
  }

  result(): DownConverted {
    const { messages, size, nextOffset } = this
    return { messages, size, nextOffset }
  }

  async add(batch: BatchView): Promise<void> {
    if (!batch.isControl && batch.recordCount > 0) {
      const { compression } = batch
      if (compression === 'none') await this.addPlain(batch)
      else if (compression === 'zstd') throw unknownCodec()
      else await this.addWrapped(batch, compression)
    }
    if (!this.isOver) this.nextOffset = batch.nextOffset
  }

  private async addPlain(batch: BatchView): Promise<void> {
    const writer = this.writerFor(batch, false)
    const room = this.terms.maxBytes - this.size
    await this.walk(batch, 'none', (offset, timestamp, { key, value }) => {
      if (offset < this.terms.firstOffset) return true
      const before = writer.size
      writer.append(offset, timestamp, key, value)
      if (writer.size <= room) return true
      this.isFull = true
      const isFirst = before === 0 && this.size === 0
      const written = writer.take()
      this.push(isFirst ? written : written.subarray(0, before))
      return false
    })
    this.push(writer.take())
  }

  private async addWrapped(
    batch: BatchView,
    compression: Exclude<Compression, 'none' | 'zstd'>,
  ): Promise<void> {
    const writer = this.writerFor(batch, true)
    await this.walk(batch, compression, (offset, timestamp, { key, value }) => {
      writer.append(offset, timestamp, key, value)
      return writer.size < this.wrappedBytes || this.wrap(batch, writer, compression)
    })
    await this.wrap(batch, writer, compression)
  }

  /** Compresses what was written; resolves with whether more may follow. */
  private async wrap(
    batch: BatchView,
    writer: MessageSetWriter,
    compression: Exclude<Compression, 'none' | 'zstd'>,
  ): Promise<boolean> {
    const { magic, firstOffset, maxBytes, effort } = this.terms
    const { count, lastOffset, maxTimestamp } = writer
    const plain = writer.take()
    if (this.isOver) return false
    if (count === 0 || lastOffset < firstOffset) return true
    if (effort) effort.left -= plain.length
    const wrapped = await deflateLater(encodingOf(compression, magic), plain, undefined, this.pause)
    const logAppendTime = appendTimeOf(batch)
    const made = wrapper(wrapped, { magic, compression, logAppendTime, lastOffset, maxTimestamp })
    const fits = this.size + made.length <= maxBytes
    this.isFull = !fits
    if (fits || this.size === 0) this.push(made)
    return !this.isOver
  }

  private push(part: Buffer): void {
    const { maxBytes, tooLarge } = this.terms
    const isCut = tooLarge === 'cut' && this.size + part.length > maxBytes
    const pushed = isCut ? part.subarray(0, maxBytes - this.size) : part
    if (pushed.length === 0) return
    this.messages.push(pushed)
    this.size += pushed.length
  }

  private writerFor(batch: BatchView, isWrapped: boolean): MessageSetWriter {
    const { magic } = this.terms
    return new MessageSetWriter({ magic, isWrapped, logAppendTime: appendTimeOf(batch) })
  }

  /** Shows the records of a batch to `take`, until it wants no more. */
  private async walk(
    batch: BatchView,
    compression: Exclude<Compression, 'zstd'>,
    take: (offset: number, timestamp: number, record: RecordCursor) => boolean | Promise<boolean>,
  ): Promise<void> {
    const { baseOffset, baseTimestamp, recordCount } = batch
    const walk = new WholeRecords()
    let left = recordCount
    const drain = async (): Promise<boolean> => {
      while (left > 0 && walk.next()) {
        left--
        const { record } = walk
        this.work += RECORD_BYTES + record.bodyLength
        const going = take(
          baseOffset + record.offsetDelta,
          baseTimestamp + record.timestampDelta,
          record,
        )
        if (going instanceof Promise ? !(await going) : !going) return false
        if (this.work < SLICE_BYTES) continue
        this.work = 0
        await this.pause()
        if (this.terms.isWanted?.() === false) return false
      }
      return true
    }
    for await (const piece of this.piecesOf(batch, compression)) {
      walk.add(piece)
      if (!(await drain())) return
    }
    walk.end()
    if ((await drain()) && left > 0) {
      throw new InvalidRecord(`A batch of ${recordCount} records ends ${left} before that.`)
    }
  }

  private piecesOf(
    { recordBytes }: BatchView,
    compression: Exclude<Compression, 'zstd'>,
  ): Iterable<Buffer> | AsyncIterable<Buffer> {
    const plain = inflateQuickly(compression, recordBytes)
    if (plain || compression === 'none') return [plain ?? recordBytes]
    return inflatePieces(compression, recordBytes, this.pause)
  }
}

function appendTimeOf(batch: BatchView): number | undefined {
  return batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined
}

function unknownCodec(): InvalidRecord {
  const text = 'Clients that know no record batches know no zstd.'
  return new InvalidRecord(text, 'UNSUPPORTED_COMPRESSION_TYPE')
}
