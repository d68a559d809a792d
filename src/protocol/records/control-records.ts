/**
 * The markers that end a transaction on a partition: control batches of one record.
 *
 *   key    version int16, type int16 (0 abort, 1 commit; others are the controller quorum's)
 *   value  version int16, coordinatorEpoch int32
 */

import { buildBatch } from './batch-builder.ts'
import type { BatchView } from './batch-view.ts'
import { iterateRecords } from './record-iterator.ts'

export interface TransactionMarker {
  type: 'ABORT' | 'COMMIT'
  coordinatorEpoch: number
}

const KEY_SIZE = 4
const VALUE_SIZE = 6
const TYPES: readonly TransactionMarker['type'][] = ['ABORT', 'COMMIT']

export interface MarkerOptions extends TransactionMarker {
  producerId: number
  producerEpoch: number
  timestamp: number
}

/** A batch with the marker, to be appended to a partition of the transaction. */
export function buildMarker(options: MarkerOptions): BatchView {
  const { type, coordinatorEpoch, producerId, producerEpoch, timestamp } = options
  const key = Buffer.alloc(KEY_SIZE)
  key.writeInt16BE(TYPES.indexOf(type), 2)
  const value = Buffer.alloc(VALUE_SIZE)
  value.writeInt32BE(coordinatorEpoch, 2)
  return buildBatch([{ key, value, timestamp }], {
    producerId,
    producerEpoch,
    transactional: true,
    control: true,
  })
}

/** The marker in this batch; undefined when it is no control batch or one of another type. */
export function markerOf(batch: BatchView): TransactionMarker | undefined {
  if (!batch.isControl) return undefined
  for (const { key, value } of iterateRecords(batch)) {
    if (!key || key.length < KEY_SIZE || !value || value.length < VALUE_SIZE) return undefined
    const type = TYPES[key.readInt16BE(2)]
    return type && { type, coordinatorEpoch: value.readInt32BE(2) }
  }
  return undefined
}
