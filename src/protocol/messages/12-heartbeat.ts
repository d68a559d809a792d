// Heartbeat (12): a member of a classic group says that it is alive, and learns whether to rejoin.
// v1 throttleTimeMs - v3 groupInstanceId (KIP-345) - v4 flexible

import { api, errorCode, int32, string } from '../schema.ts'

export const Heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: '0-4',
  flexible: '4+',
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+', { nullable: '3+', default: null }),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    errorCode: errorCode(),
  },
})
