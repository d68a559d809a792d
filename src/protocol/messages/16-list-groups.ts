// ListGroups (16): all groups that a broker coordinates.
// v1 throttleTimeMs - v3 flexible - v4 by state (KIP-518) - v5 by type (KIP-848)

import { api, array, errorCode, int32, string } from '../schema.ts'

export const ListGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: '0-5',
  flexible: '3+',
  request: {
    statesFilter: array('4+', string(), { default: [] }),
    typesFilter: array('5+', string(), { default: [] }),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    errorCode: errorCode(),
    groups: array('0+', {
      groupId: string(),
      protocolType: string(),
      groupState: string('4+', { default: '', ignorable: true }),
      groupType: string('5+', { default: '', ignorable: true }),
    }),
  },
})
