// DeleteGroups (42): ends groups that have no members, and their committed offsets.
// v2 flexible - v3 errorMessage

import { api, array, errorCode, int32, string } from '../schema.ts'

export const DeleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: '0-3',
  flexible: '2+',
  request: {
    groupsNames: array('0+', string()),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      groupId: string(),
      errorCode: errorCode(),
      errorMessage: string('3+', { nullable: '3+', default: null, ignorable: true }),
    }),
  },
})
