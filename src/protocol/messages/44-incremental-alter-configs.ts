// IncrementalAlterConfigs (44): changes single configs of resources (KIP-339).
// An operation is 0 set, 1 delete, 2 append to or 3 subtract from a list.
// v1 flexible

import { api, array, bool, errorCode, int8, int32, string } from '../schema.ts'

export const IncrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: '0-1',
  flexible: '1+',
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', {
        name: string(),
        configOperation: int8(),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    responses: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})
