// RenewDelegationToken (39): moves the expiry of a token, up to its longest lifetime (KIP-48).
// v1 answers before it throttles (KIP-219) - v2 flexible

import { api, bytes, errorCode, int32, int64 } from '../schema.ts'

export const RenewDelegationToken = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: '0-2',
  flexible: '2+',
  request: {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
  response: {
    errorCode: errorCode(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32('0+', { default: 0 }),
  },
})
