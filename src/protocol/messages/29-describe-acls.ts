// DescribeAcls (29): the ACLs that match a filter, by resource (KIP-140).
// v1 pattern types, 3 = literal (KIP-290), answers before it throttles (KIP-219) - v2 flexible -
// v3 resource type 7 = user (KIP-373)

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const DescribeAcls = api({
  key: 29,
  name: 'DescribeAcls',
  versions: '0-3',
  flexible: '2+',
  request: {
    resourceTypeFilter: int8(),
    resourceNameFilter: string('0+', { nullable: '0+' }),
    patternTypeFilter: int8('1+', { default: 3 }),
    principalFilter: string('0+', { nullable: '0+' }),
    hostFilter: string('0+', { nullable: '0+' }),
    operation: int8(),
    permissionType: int8(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      patternType: int8('1+', { default: 3 }),
      acls: array('0+', {
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
})
