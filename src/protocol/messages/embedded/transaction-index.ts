/** What a log's `.txnindex` file holds: one entry after the other, each an int16 version and a body. */

import { int64, message } from '../../schema.ts'

/** An aborted transaction, and the last stable offset when it ended. */
export const AbortedTxn = message({
  name: 'AbortedTxn',
  versions: '0',
  fields: {
    producerId: int64(),
    firstOffset: int64(),
    lastOffset: int64(),
    lastStableOffset: int64(),
  },
})
