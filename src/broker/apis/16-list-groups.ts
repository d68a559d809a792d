/** All groups that this broker coordinates, or those of some states and types. */

import { ListGroups } from '../../protocol/messages/16-list-groups.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import { handler } from '../handler.ts'

export const listGroups = handler<typeof ListGroups>({
  api: ListGroups,
  versions: '0-5',

  async handle({ statesFilter, typesFilter }, { authorized, groups }) {
    const listed = await groups.list({ states: statesFilter, types: typesFilter })
    const seesAll = authorized('DESCRIBE', 'CLUSTER', CLUSTER_RESOURCE)
    return {
      errorCode: 'NONE',
      groups: seesAll
        ? listed
        : listed.filter(({ groupId }) => authorized('DESCRIBE', 'GROUP', groupId)),
    }
  },

  fail: (_request, errorCode) => ({ errorCode, groups: [] }),
})
