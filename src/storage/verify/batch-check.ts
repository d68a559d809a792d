/** One batch by itself: its checksum, its header, and every record in it. */

import { type BatchView, hasRightChecksum } from '../../protocol/records/batch-view.ts'
import { inflate } from '../../protocol/records/compression.ts'
import { InvalidRecord } from '../../protocol/records/invalid-record.ts'
import { RecordCursor } from '../../protocol/records/record-cursor.ts'
import type { Rule } from './violation.ts'

/** Bits 7 to 15 of the attributes are not in use. */
const KNOWN_ATTRIBUTES = 0x7f
const CONTROL_KEY_SIZE = 4

export interface BatchFault {
  rule: Rule
  text: string
}

/** What is wrong with a batch; `undefined` when nothing is. */
export function faultOf(batch: BatchView): BatchFault | undefined {
  if (!hasRightChecksum(batch.bytes)) {
    return { rule: 'batch-checksum', text: 'the checksum of a batch is wrong' }
  }
  return headerFault(batch) ?? recordsFault(batch)
}

function headerFault(batch: BatchView): BatchFault | undefined {
  const { baseOffset, lastOffsetDelta, recordCount, attributes, producerId } = batch
  const wrong = (text: string): BatchFault => ({ rule: 'batch-header', text })
  if (baseOffset < 0) return wrong(`a batch has the base offset ${baseOffset}`)
  if (lastOffsetDelta < 0) return wrong(`a batch has the last offset delta ${lastOffsetDelta}`)
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    return wrong(`a batch counts ${recordCount} records in ${lastOffsetDelta + 1} offsets`)
  }
  if ((attributes & ~KNOWN_ATTRIBUTES) !== 0) {
    return wrong(`a batch has unknown attributes (0x${(attributes & 0xffff).toString(16)})`)
  }
  return producerId >= 0 ? producerFault(batch, wrong) : undefined
}

function producerFault(
  batch: BatchView,
  wrong: (text: string) => BatchFault,
): BatchFault | undefined {
  const { producerId, producerEpoch, baseSequence, isControl } = batch
  if (producerEpoch < 0) return wrong(`a batch of producer ${producerId} has no producer epoch`)
  if (!isControl && baseSequence < 0)
    return wrong(`a batch of producer ${producerId} has no sequence`)
  return undefined
}

function recordsFault(batch: BatchView): BatchFault | undefined {
  try {
    return walkRecords(batch)
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    return { rule: 'batch-records', text: lowered(error.message) }
  }
}

function walkRecords(batch: BatchView): BatchFault | undefined {
  const { recordCount, lastOffsetDelta, baseTimestamp, isControl } = batch
  const wrong = (text: string): BatchFault => ({ rule: 'batch-records', text })
  // Compaction keeps a producer's last batch without its records, and of a codec nothing then.
  if (recordCount === 0) return undefined
  const cursor = new RecordCursor(inflate(batch.compression, batch.recordBytes))
  let offsetDelta = -1
  let maxTimestamp = -1
  for (let index = 0; index < recordCount; index++) {
    cursor.next()
    if (cursor.offsetDelta <= offsetDelta || cursor.offsetDelta > lastOffsetDelta) {
      return wrong(
        `record ${index} has the offset delta ${cursor.offsetDelta}, behind ${offsetDelta} and up to ${lastOffsetDelta}`,
      )
    }
    offsetDelta = cursor.offsetDelta
    const timestamp = baseTimestamp + cursor.timestampDelta
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    if (isControl && (cursor.key?.length ?? 0) < CONTROL_KEY_SIZE) {
      return wrong('a control record has no key that says what it is')
    }
  }
  if (cursor.hasMore) return wrong(`there are bytes behind the ${recordCount} records of a batch`)
  if (batch.timestampType === 'CreateTime' && batch.maxTimestamp !== maxTimestamp) {
    const text = `a batch says that its largest timestamp is ${batch.maxTimestamp}, and it is ${maxTimestamp}`
    return { rule: 'batch-timestamp', text }
  }
  return undefined
}

function lowered(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1).replace(/\.$/, '')}`
}
