/**
 * What a log's `.snapshot` file holds: its idempotent and transactional producers at an offset.
 *
 * int16 version, uint32 CRC-32C of all that follows it, int32 count, then the producers. Nothing is compact.
 */

import { array, int16, int32, int64, message, uint32 } from '../../schema.ts'

/** `crc` covers the bytes from `producerEntries` on. */
export const ProducerSnapshot = message({
  name: 'ProducerSnapshot',
  versions: '1',
  fields: {
    crc: uint32(),
    producerEntries: array('0+', {
      producerId: int64(),
      epoch: int16(),
      lastSequence: int32(),
      lastOffset: int64(),
      offsetDelta: int32(),
      timestamp: int64(),
      coordinatorEpoch: int32(),
      currentTxnFirstOffset: int64(),
    }),
  },
})
