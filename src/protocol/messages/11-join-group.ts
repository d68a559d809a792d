// JoinGroup (11): a member enters its classic group, and waits there for the others.
// v1 rebalanceTimeoutMs - v2 throttleTimeMs - v4 MEMBER_ID_REQUIRED (KIP-394) -
// v5 groupInstanceId (KIP-345) - v6 flexible - v7 protocolType (KIP-559) - v8 reason (KIP-800) -
// v9 skipAssignment (KIP-814)

import { api, array, bool, bytes, errorCode, int32, string } from '../schema.ts'

export const JoinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: '0-9',
  flexible: '6+',
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32('1+', { default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string('5+', { nullable: '5+', default: null }),
    protocolType: string(),
    protocols: array('0+', { name: string(), metadata: bytes() }),
    reason: string('8+', { nullable: '8+', default: null, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32('2+', { default: 0, ignorable: true }),
    errorCode: errorCode(),
    generationId: int32('0+', { default: -1 }),
    protocolType: string('7+', { nullable: '7+', default: null, ignorable: true }),
    protocolName: string('0+', { nullable: '7+' }),
    leader: string(),
    skipAssignment: bool('9+', { default: false }),
    memberId: string(),
    members: array('0+', {
      memberId: string(),
      groupInstanceId: string('5+', { nullable: '5+', default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
})
