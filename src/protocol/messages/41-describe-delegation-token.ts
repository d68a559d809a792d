// DescribeDelegationToken (41): the tokens of given owners, or all that the asker may see (KIP-48).
// v1 answers before it throttles (KIP-219) - v2 flexible - v3 who asked for the token (KIP-373)

import { api, array, bytes, errorCode, int32, int64, string } from '../schema.ts'

const principal = {
  principalType: string(),
  principalName: string(),
}

export const DescribeDelegationToken = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: '0-3',
  flexible: '2+',
  request: {
    owners: array('0+', principal, { nullable: '0+' }),
  },
  response: {
    errorCode: errorCode(),
    tokens: array('0+', {
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string('3+', { default: '' }),
      tokenRequesterPrincipalName: string('3+', { default: '' }),
      issueTimestamp: int64(),
      expiryTimestamp: int64(),
      maxTimestamp: int64(),
      tokenId: string(),
      hmac: bytes(),
      renewers: array('0+', principal),
    }),
    throttleTimeMs: int32('0+', { default: 0 }),
  },
})
