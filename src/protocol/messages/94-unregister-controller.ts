// UnregisterController (94): a controller that will not come back leaves the cluster's metadata.

import { api, errorCode, int32, string } from '../schema.ts'

export const UnregisterController = api({
  key: 94,
  name: 'UnregisterController',
  versions: '0',
  flexible: '0+',
  request: {
    controllerId: int32(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
  },
})
