/** DescribeDelegationToken: not over connections that have not authenticated, and none can yet. */

import { DescribeDelegationToken } from '../../protocol/messages/41-describe-delegation-token.ts'
import { handler } from '../handler.ts'

export const describeDelegationToken = handler<typeof DescribeDelegationToken>({
  api: DescribeDelegationToken,
  versions: '0-3',
  handle: () => ({ errorCode: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', tokens: [] }),
  fail: (_request, errorCode) => ({ errorCode, tokens: [] }),
})
