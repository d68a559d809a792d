// CreateAcls (30): allows or denies principals operations on resources (KIP-140).
// v1 pattern types, 3 = literal (KIP-290), answers before it throttles (KIP-219) - v2 flexible -
// v3 resource type 7 = user (KIP-373)

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const CreateAcls = api({
  key: 30,
  name: 'CreateAcls',
  versions: '0-3',
  flexible: '2+',
  request: {
    creations: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8('1+', { default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
    }),
  },
})
