// SaslHandshake (17): the client names the SASL mechanism that it will authenticate with.
// v0 its tokens follow bare, without headers - v1 they follow in SaslAuthenticate (KIP-152).
// It never became flexible: clients up to 2.4 would negotiate a newer version wrongly (KAFKA-9577).

import { api, array, errorCode, string } from '../schema.ts'

export const SaslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: '0-1',
  flexible: 'none',
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: errorCode(),
    mechanisms: array('0+', string()),
  },
})
