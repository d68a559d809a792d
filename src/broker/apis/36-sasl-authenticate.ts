/** SaslAuthenticate: refused where the listener needs no authentication. */

import { SaslAuthenticate } from '../../protocol/messages/36-sasl-authenticate.ts'
import { handler } from '../handler.ts'

export const saslAuthenticate = handler<typeof SaslAuthenticate>({
  api: SaslAuthenticate,
  versions: '0-2',
  handle: () => ({
    errorCode: 'ILLEGAL_SASL_STATE',
    // Without SASL a connection counts as authenticated from its beginning.
    errorMessage: 'SaslAuthenticate request received after successful authentication',
    authBytes: Buffer.alloc(0),
  }),
  fail: (_request, errorCode, errorMessage) => ({
    errorCode,
    errorMessage,
    authBytes: Buffer.alloc(0),
  }),
})
