// LeaveGroup (13): members leave their classic group.
// v1 throttleTimeMs - v3 many members (KIP-345) - v4 flexible - v5 reason (KIP-800)

import { api, array, errorCode, int32, string } from '../schema.ts'

export const LeaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  versions: '0-5',
  flexible: '4+',
  request: {
    groupId: string(),
    memberId: string('0-2', { default: '' }),
    members: array(
      '3+',
      {
        memberId: string(),
        groupInstanceId: string('0+', { nullable: '0+', default: null }),
        reason: string('5+', { nullable: '5+', default: null, ignorable: true }),
      },
      { default: [] },
    ),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    errorCode: errorCode(),
    members: array(
      '3+',
      {
        memberId: string(),
        groupInstanceId: string('0+', { nullable: '0+' }),
        errorCode: errorCode(),
      },
      { default: [] },
    ),
  },
})
