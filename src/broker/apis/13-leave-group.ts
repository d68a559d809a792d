/** Members leave their classic group, or are removed from it by an administrator. */

import { LeaveGroup } from '../../protocol/messages/13-leave-group.ts'
import { handler } from '../handler.ts'

/** KIP-345 */
const MANY_MEMBERS_SINCE = 3

export const leaveGroup = handler<typeof LeaveGroup>({
  api: LeaveGroup,
  versions: '0-5',

  async handle({ groupId, memberId, members }, { apiVersion, authorized, groups }) {
    if (!authorized('READ', 'GROUP', groupId)) return { errorCode: 'GROUP_AUTHORIZATION_FAILED' }
    if (apiVersion >= MANY_MEMBERS_SINCE) {
      return { errorCode: 'NONE', members: await groups.leave(groupId, members) }
    }
    const [left] = await groups.leave(groupId, [{ memberId, groupInstanceId: null }])
    return { errorCode: left!.errorCode }
  },

  fail: (_request, errorCode) => ({ errorCode }),
})
