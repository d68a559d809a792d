// DescribeGroups (15): state and members of classic groups.
// v1 throttleTimeMs - v3 authorized operations (KIP-430) - v4 groupInstanceId (KIP-345) -
// v5 flexible - v6 GROUP_ID_NOT_FOUND with errorMessage in place of a dead group (KIP-1043)

import { api, array, bool, bytes, errorCode, int32, string } from '../schema.ts'

export const DescribeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: '0-6',
  flexible: '5+',
  request: {
    groups: array('0+', string()),
    includeAuthorizedOperations: bool('3+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    groups: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('6+', { nullable: '6+', default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array('0+', {
        memberId: string(),
        groupInstanceId: string('4+', { nullable: '4+', default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32('3+', { default: -2_147_483_648 }),
    }),
  },
})
