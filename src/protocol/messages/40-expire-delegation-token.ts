// ExpireDelegationToken (40): a token ends after a while (KIP-48).
// A negative period ends it at once.
// v1 answers before it throttles (KIP-219) - v2 flexible

import { api, bytes, errorCode, int32, int64 } from '../schema.ts'

export const ExpireDelegationToken = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: '0-2',
  flexible: '2+',
  request: {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
  response: {
    errorCode: errorCode(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32('0+', { default: 0 }),
  },
})
