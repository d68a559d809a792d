/** SaslHandshake: refused where the listener needs no authentication. */

import { SaslHandshake } from '../../protocol/messages/17-sasl-handshake.ts'
import { handler } from '../handler.ts'

export const saslHandshake = handler<typeof SaslHandshake>({
  api: SaslHandshake,
  versions: '0-1',
  handle: () => ({ errorCode: 'ILLEGAL_SASL_STATE', mechanisms: [] }),
  fail: (_request, errorCode) => ({ errorCode, mechanisms: [] }),
})
