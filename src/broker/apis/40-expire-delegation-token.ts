/** ExpireDelegationToken: not over connections that have not authenticated, and none can yet. */

import { ExpireDelegationToken } from '../../protocol/messages/40-expire-delegation-token.ts'
import { handler } from '../handler.ts'

export const expireDelegationToken = handler<typeof ExpireDelegationToken>({
  api: ExpireDelegationToken,
  versions: '0-2',
  handle: () => ({ errorCode: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', expiryTimestampMs: -1 }),
  fail: (_request, errorCode) => ({ errorCode, expiryTimestampMs: -1 }),
})
