// SaslAuthenticate (36): carries one SASL token each way, after SaslHandshake v1 (KIP-152).
// v1 sessionLifetimeMs (KIP-368) - v2 flexible

import { api, bytes, errorCode, int64, string } from '../schema.ts'

export const SaslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: '0-2',
  flexible: '2+',
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    authBytes: bytes(),
    sessionLifetimeMs: int64('1+', { default: 0n, ignorable: true }),
  },
})
