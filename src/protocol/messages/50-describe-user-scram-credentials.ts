// DescribeUserScramCredentials (50): which SCRAM mechanisms users have (KIP-554).
// Mechanisms are 1 SCRAM-SHA-256 and 2 SCRAM-SHA-512.

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const DescribeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: '0',
  flexible: '0+',
  request: {
    users: array('0+', { name: string() }, { nullable: '0+' }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array('0+', {
      user: string(),
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
      credentialInfos: array('0+', { mechanism: int8(), iterations: int32() }),
    }),
  },
})
