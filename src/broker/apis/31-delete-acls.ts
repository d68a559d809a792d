/** DeleteAcls: refused, as there is no authorizer. */

import { DeleteAcls } from '../../protocol/messages/31-delete-acls.ts'
import { handler } from '../handler.ts'

export const deleteAcls = handler<typeof DeleteAcls>({
  api: DeleteAcls,
  versions: '0-3',
  handle: ({ filters }) => ({
    filterResults: filters.map(() => ({
      errorCode: 'SECURITY_DISABLED',
      errorMessage: 'No Authorizer is configured.',
      matchingAcls: [],
    })),
  }),
  fail: ({ filters }, errorCode, errorMessage) => ({
    filterResults: filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  }),
})
