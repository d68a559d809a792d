// AlterUserScramCredentials (51): sets and removes users' SCRAM credentials (KIP-554).
// The client salts the password: the broker never sees it plain.

import { api, array, bytes, errorCode, int8, int32, string } from '../schema.ts'

export const AlterUserScramCredentials = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: '0',
  flexible: '0+',
  request: {
    deletions: array('0+', { name: string(), mechanism: int8() }),
    upsertions: array('0+', {
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      user: string(),
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
})
