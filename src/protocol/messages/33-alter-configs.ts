// AlterConfigs (33): replaces all configs of resources by those named (KIP-133).
// v1 answers before it throttles (KIP-219) - v2 flexible.
// IncrementalAlterConfigs took its place (KIP-339).

import { api, array, bool, errorCode, int8, int32, string } from '../schema.ts'

export const AlterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: '0-2',
  flexible: '2+',
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', { name: string(), value: string('0+', { nullable: '0+' }) }),
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
