/**
 * Message sets of magic 0 and 1 on their way into a log: checked, and made a record batch of magic 2.
 *
 * Messages without a codec become one batch together. A compressed message is one by itself, and stands alone in its set. Codec,
 * keys, values and timestamps are kept; offsets are given anew. A set that ends inside a message is refused: nobody is told
 * that something is stored which is not.
 */

import { nextBatchSize } from './batch-boundary.ts'
import { HEADER_SIZE } from './batch-view.ts'
import {
  type Compression,
  type Encoding,
  inflatePieces,
  inflateQuickly,
  type Pause,
} from './compression.ts'
import { codecToChangeTo, recompressed, storedBatch, withRecords } from './corrected-batch.ts'
import { InnerMessages } from './inner-messages.ts'
import { InvalidRecord } from './invalid-record.ts'
import { MessageView } from './message.ts'
import { wrappedBytes } from './message-set.ts'
import {
  type LongCheck,
  type ProduceContext,
  type ProduceRules,
  type RefusedBatch,
  refusalOf,
  refusedAsTooLarge,
  type ValidatedBatch,
} from './produce-rules.ts'
import { type BatchFacts, RecordChecks } from './record-checks.ts'
import { RecordWriter } from './record-writer.ts'

/** So many bytes of messages are converted while others wait: of the smallest messages that are 5000. */
const SLICE_BYTES = 128 * 1024
const NO_TIMESTAMP = -1

/** Checks the messages of one partition, of which the first is of magic 0 or 1, and converts them. */
export function upConvert(
  records: Buffer,
  partitionIndex: number,
  rules: ProduceRules,
  context: ProduceContext,
): ValidatedBatch | LongCheck {
  const conversion = new UpConversion(records, partitionIndex, rules, context)
  const first = conversion.messages().next().value
  if (first === undefined) throw new InvalidRecord('There is no whole message.')
  if (!(first instanceof MessageView)) return first
  return first.compression === 'none'
    ? conversion.convertPlain()
    : conversion.convertWrapped(first, first.compression)
}

class UpConversion {
  private readonly records: Buffer
  private readonly partitionIndex: number
  private readonly rules: ProduceRules
  private readonly context: ProduceContext
  private readonly writer = new RecordWriter()
  private maxTimestamp = NO_TIMESTAMP

  constructor(
    records: Buffer,
    partitionIndex: number,
    rules: ProduceRules,
    context: ProduceContext,
  ) {
    this.records = records
    this.partitionIndex = partitionIndex
    this.rules = rules
    this.context = context
  }

  /** The messages of the set with their outer checks, up to one that is refused. */
  *messages(): Generator<MessageView | RefusedBatch, void, undefined> {
    const { records, rules, partitionIndex } = this
    let position = 0
    let magic: number | undefined
    while (position < records.length) {
      const size = nextBatchSize(records, position)
      if (typeof size !== 'number') return yield size
      if (size === 0) throw new InvalidRecord('The bytes end inside a message.')
      const message = new MessageView(records.subarray(position, position + size))
      magic ??= message.magic
      if (message.magic !== magic) {
        throw new InvalidRecord(`A message of magic ${message.magic} follows one of ${magic}.`)
      }
      if (size > rules.maxMessageBytes) return yield refusedAsTooLarge(size, rules, partitionIndex)
      if (!message.hasRightChecksum) {
        throw new InvalidRecord('A message has a wrong CRC.', 'CORRUPT_MESSAGE')
      }
      if (message.compression !== 'none' && size < records.length) {
        throw new InvalidRecord('A compressed message does not stand alone.')
      }
      yield message
      position += size
    }
  }

  convertPlain(): ValidatedBatch | LongCheck {
    if (this.records.length > SLICE_BYTES) {
      return (pause) => this.convertPlainLater(pause).catch(refusalOf)
    }
    for (const message of this.messages()) {
      const refusal = this.addPlain(message)
      if (refusal) return refusal
    }
    return this.finish('none')
  }

  convertWrapped(
    wrapper: MessageView,
    compression: Exclude<Compression, 'none'>,
  ): ValidatedBatch | LongCheck {
    const encoding = wrapper.encoding as Exclude<Encoding, 'none'>
    const content = wrappedBytes(wrapper)
    const facts = factsOf(wrapper, Infinity, compression)
    const walk = new WrapperWalk(wrapper, this.checks(facts))
    const plain = inflateQuickly(encoding, content)
    if (plain && plain.length <= SLICE_BYTES) {
      this.addInner(walk, plain)
      return this.finishWrapped(walk, compression)
    }
    return (pause) => {
      const pieces = plain ? slicesOf(plain) : inflatePieces(encoding, content, pause)
      return this.convertPieces(walk, pieces, compression, pause).catch(refusalOf)
    }
  }

  private async convertPlainLater(pause: Pause): Promise<ValidatedBatch> {
    let work = 0
    for (const message of this.messages()) {
      const refusal = this.addPlain(message)
      if (refusal) return refusal
      work += (message as MessageView).bytes.length
      if (work < SLICE_BYTES) continue
      work = 0
      await pause()
    }
    return settled(this.finish('none'), pause)
  }

  private async convertPieces(
    walk: WrapperWalk,
    pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
    compression: Compression,
    pause: Pause,
  ): Promise<ValidatedBatch> {
    let work = 0
    for await (const piece of pieces) {
      this.addInner(walk, piece)
      work += piece.length
      if (work < SLICE_BYTES) continue
      work = 0
      await pause()
    }
    return settled(this.finishWrapped(walk, compression), pause)
  }

  /** The first message that its topic does not allow is what the set is refused for. */
  private addPlain(message: MessageView | RefusedBatch): RefusedBatch | undefined {
    if (!(message instanceof MessageView)) return message
    const walk = this.checks(factsOf(message, 1, 'none'))
    this.add(message, walk, 0, message.timestamp)
    const maxTimestamp = walk.result(false)
    if (typeof maxTimestamp !== 'number') return maxTimestamp
    this.maxTimestamp = Math.max(this.maxTimestamp, maxTimestamp)
    return undefined
  }

  private addInner(walk: WrapperWalk, piece: Buffer): void {
    walk.inner.add(piece)
    for (let message = walk.inner.next(); message; message = walk.inner.next()) {
      this.add(message, walk.checks, walk.count++, walk.appendTime ?? message.timestamp)
    }
  }

  private add(message: MessageView, checks: RecordChecks, index: number, timestamp: number): void {
    if (!Number.isSafeInteger(timestamp) || timestamp < NO_TIMESTAMP) {
      throw new InvalidRecord(`A message has the timestamp ${timestamp}.`, 'INVALID_TIMESTAMP')
    }
    const { key, value } = message
    checks.look(index, timestamp, key?.length ?? -1, (key?.length ?? 0) + (value?.length ?? 0))
    this.writer.append(timestamp, key, value)
  }

  private checks(facts: BatchFacts): RecordChecks {
    return new RecordChecks(facts, this.partitionIndex, this.rules, this.context)
  }

  private finishWrapped(walk: WrapperWalk, sent: Compression): ValidatedBatch | LongCheck {
    walk.inner.end(true)
    const maxTimestamp = walk.checks.result(false)
    if (typeof maxTimestamp !== 'number') return maxTimestamp
    this.maxTimestamp = maxTimestamp
    return this.finish(sent)
  }

  private finish(sent: Compression): ValidatedBatch | LongCheck {
    const { rules, writer } = this
    const codec = codecToChangeTo(sent, rules) ?? sent
    const size = HEADER_SIZE + writer.size
    if (codec === 'none' && size > rules.maxMessageBytes) {
      return refusedAsTooLarge(size, rules, this.partitionIndex)
    }
    const records = writer.take()
    return recompressed(records, codec, rules, (compressed) => this.stored(compressed, codec))
  }

  private stored(records: Buffer, codec: Compression): ValidatedBatch {
    const { writer, maxTimestamp, partitionIndex, rules, context } = this
    const batch = withRecords(writer.header(), records, codec)
    return storedBatch(batch, maxTimestamp, partitionIndex, rules, context)
  }
}

/** How far the messages of a wrapper have been seen. */
class WrapperWalk {
  count = 0
  readonly inner: InnerMessages
  readonly checks: RecordChecks
  /** The timestamp of all where a broker has set it. */
  readonly appendTime: number | undefined

  constructor(wrapper: MessageView, checks: RecordChecks) {
    this.inner = new InnerMessages(wrapper)
    this.checks = checks
    this.appendTime = wrapper.timestampType === 'LogAppendTime' ? wrapper.timestamp : undefined
  }
}

function* slicesOf(bytes: Buffer): Generator<Buffer, void, undefined> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    yield bytes.subarray(start, start + SLICE_BYTES)
  }
}

function factsOf(
  { timestampType }: MessageView,
  recordCount: number,
  compression: Compression,
): BatchFacts {
  return { recordCount, baseTimestamp: 0, timestampType, compression }
}

async function settled(result: ValidatedBatch | LongCheck, pause: Pause): Promise<ValidatedBatch> {
  return typeof result === 'function' ? result(pause) : result
}
