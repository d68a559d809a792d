// CreatePartitions (37): gives topics more partitions.
// v2 flexible - v3 THROTTLING_QUOTA_EXCEEDED (KIP-599)

import { api, array, bool, errorCode, int32, string } from '../schema.ts'

export const CreatePartitions = api({
  key: 37,
  name: 'CreatePartitions',
  versions: '0-3',
  flexible: '2+',
  request: {
    topics: array('0+', {
      name: string(),
      count: int32(),
      assignments: array(
        '0+',
        {
          brokerIds: array('0+', int32()),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      name: string(),
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+', default: null }),
    }),
  },
})
