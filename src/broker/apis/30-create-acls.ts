/** CreateAcls: refused, as there is no authorizer. */

import { CreateAcls } from '../../protocol/messages/30-create-acls.ts'
import { handler } from '../handler.ts'

export const createAcls = handler<typeof CreateAcls>({
  api: CreateAcls,
  versions: '0-3',
  handle: ({ creations }) => ({
    results: creations.map(() => ({
      errorCode: 'SECURITY_DISABLED',
      errorMessage: 'No Authorizer is configured.',
    })),
  }),
  fail: ({ creations }, errorCode, errorMessage) => ({
    results: creations.map(() => ({ errorCode, errorMessage })),
  }),
})
