// DeleteRecords (21): partitions lose their records below given offsets (KIP-107).
// Offset -1 is the high watermark.
// v1 answers before it throttles (KIP-219) - v2 flexible

import { api, array, errorCode, int32, int64, string } from '../schema.ts'

export const DeleteRecords = api({
  key: 21,
  name: 'DeleteRecords',
  versions: '0-2',
  flexible: '2+',
  request: {
    topics: array('0+', {
      name: string(),
      partitions: array('0+', { partitionIndex: int32(), offset: int64() }),
    }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      name: string(),
      partitions: array('0+', {
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: errorCode(),
      }),
    }),
  },
})
