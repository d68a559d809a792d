/** What `__consumer_offsets` may still hold from before Kafka 0.9. Its key is LegacyOffsetCommitKey. */

import { int64, message, string } from '../../schema.ts'

/** A committed offset. OffsetCommitValue began with the same bytes. */
export const LegacyOffsetCommitValue = message({
  name: 'LegacyOffsetCommitValue',
  apiKey: 0,
  versions: '0',
  fields: {
    offset: int64(),
    metadata: string(),
    commitTimestamp: int64(),
  },
})
