/** The leader of a classic group hands in the assignment; every member waits for its own. */

import { SyncGroup } from '../../protocol/messages/14-sync-group.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { type SyncReply, syncRefusal } from '../groups/classic/round-change.ts'
import { handler } from '../handler.ts'

/** KIP-559 */
const PROTOCOL_NEEDED_SINCE = 5

export const syncGroup = handler<typeof SyncGroup>({
  api: SyncGroup,
  versions: '0-5',

  async handle(request, { apiVersion, authorized, cancellation, groups }) {
    const { groupId, generationId, memberId, groupInstanceId, protocolType } = request
    const protocol = request.protocolName
    if (apiVersion >= PROTOCOL_NEEDED_SINCE && (protocolType === null || protocol === null)) {
      return shape(syncRefusal('INCONSISTENT_GROUP_PROTOCOL'))
    }
    if (!authorized('READ', 'GROUP', groupId)) {
      return shape(syncRefusal('GROUP_AUTHORIZATION_FAILED'))
    }
    // The group keeps them for longer than the frame lives.
    const assignments = new Map(
      request.assignments.map((each) => [each.memberId, Buffer.from(each.assignment)]),
    )
    const reply = await groups.sync(
      { groupId, generationId, memberId, groupInstanceId, protocolType, protocol, assignments },
      cancellation,
    )
    return shape(reply)
  },

  fail: (_request, errorCode) => shape(syncRefusal(errorCode)),
})

function shape({ protocol, ...reply }: SyncReply): ResponseOf<typeof SyncGroup> {
  return { ...reply, protocolName: protocol }
}
