/** CreateDelegationToken: not over connections that have not authenticated, and none can yet. */

import type { ErrorName } from '../../protocol/errors.ts'
import { CreateDelegationToken } from '../../protocol/messages/38-create-delegation-token.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { handler } from '../handler.ts'

/** KIP-373: a token may be asked for on behalf of somebody else. */
const REQUESTERS_SINCE = 3

export const createDelegationToken = handler<typeof CreateDelegationToken>({
  api: CreateDelegationToken,
  versions: '0-3',
  handle(_request, { apiVersion, client }) {
    const [principalType = '', principalName = ''] = client.principal.split(/:(.*)/s)
    return {
      ...refused('DELEGATION_TOKEN_REQUEST_NOT_ALLOWED'),
      principalType,
      principalName,
      ...(apiVersion < REQUESTERS_SINCE
        ? {}
        : {
            tokenRequesterPrincipalType: principalType,
            tokenRequesterPrincipalName: principalName,
          }),
    }
  },
  fail: (_request, errorCode) => refused(errorCode),
})

function refused(errorCode: ErrorName): ResponseOf<typeof CreateDelegationToken> {
  return {
    errorCode,
    principalType: '',
    principalName: '',
    issueTimestampMs: -1,
    expiryTimestampMs: -1,
    maxTimestampMs: -1,
    tokenId: '',
    hmac: Buffer.alloc(0),
  }
}
