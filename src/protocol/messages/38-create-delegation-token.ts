// CreateDelegationToken (38): a token with which others authenticate as its owner (KIP-48).
// v1 answers before it throttles (KIP-219) - v2 flexible - v3 on behalf of another owner (KIP-373)

import { api, array, bytes, errorCode, int32, int64, string } from '../schema.ts'

export const CreateDelegationToken = api({
  key: 38,
  name: 'CreateDelegationToken',
  versions: '0-3',
  flexible: '2+',
  request: {
    ownerPrincipalType: string('3+', { nullable: '3+', default: '' }),
    ownerPrincipalName: string('3+', { nullable: '3+', default: '' }),
    renewers: array('0+', { principalType: string(), principalName: string() }),
    maxLifetimeMs: int64(),
  },
  response: {
    errorCode: errorCode(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string('3+', { default: '' }),
    tokenRequesterPrincipalName: string('3+', { default: '' }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32('0+', { default: 0 }),
  },
})
