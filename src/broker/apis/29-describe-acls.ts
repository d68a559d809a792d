/** DescribeAcls: refused, as there is no authorizer. */

import { DescribeAcls } from '../../protocol/messages/29-describe-acls.ts'
import { handler } from '../handler.ts'

export const describeAcls = handler<typeof DescribeAcls>({
  api: DescribeAcls,
  versions: '0-3',
  handle: () => ({
    errorCode: 'SECURITY_DISABLED',
    errorMessage: 'No Authorizer is configured on the broker',
    resources: [],
  }),
  fail: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, resources: [] }),
})
