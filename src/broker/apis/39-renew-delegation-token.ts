/** RenewDelegationToken: not over connections that have not authenticated, and none can yet. */

import { RenewDelegationToken } from '../../protocol/messages/39-renew-delegation-token.ts'
import { handler } from '../handler.ts'

export const renewDelegationToken = handler<typeof RenewDelegationToken>({
  api: RenewDelegationToken,
  versions: '0-2',
  handle: () => ({ errorCode: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', expiryTimestampMs: -1 }),
  fail: (_request, errorCode) => ({ errorCode, expiryTimestampMs: -1 }),
})
