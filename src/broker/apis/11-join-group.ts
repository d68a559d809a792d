/** A member enters its classic group, and is answered when the round that this begins is complete. */

import { JoinGroup } from '../../protocol/messages/11-join-group.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { type JoinReply, joinRefusal } from '../groups/classic/round-change.ts'
import { handler } from '../handler.ts'

const REBALANCE_TIMEOUT_SINCE = 1
/** KIP-394 */
const KNOWN_MEMBER_ID_SINCE = 4
const NULL_PROTOCOL_SINCE = 7
/** KIP-814 */
const SKIP_ASSIGNMENT_SINCE = 9

export const joinGroup = handler<typeof JoinGroup>({
  api: JoinGroup,
  versions: '0-9',

  async handle(request, { apiVersion, authorized, cancellation, client, groups }) {
    if (!authorized('READ', 'GROUP', request.groupId)) {
      return shape(joinRefusal('GROUP_AUTHORIZATION_FAILED', ''), apiVersion)
    }
    const { groupId, memberId, groupInstanceId, protocolType, sessionTimeoutMs } = request
    const reply = await groups.join(
      {
        groupId,
        memberId,
        groupInstanceId,
        protocolType,
        sessionTimeoutMs,
        rebalanceTimeoutMs:
          apiVersion < REBALANCE_TIMEOUT_SINCE ? sessionTimeoutMs : request.rebalanceTimeoutMs,
        // The group keeps them for longer than the frame lives.
        protocols: request.protocols.map(({ name, metadata }) => ({
          name,
          metadata: Buffer.from(metadata),
        })),
        clientId: client.clientId ?? '',
        clientHost: `/${client.host}`,
        requiresKnownMemberId: apiVersion >= KNOWN_MEMBER_ID_SINCE,
        canSkipAssignment: apiVersion >= SKIP_ASSIGNMENT_SINCE,
      },
      cancellation,
    )
    return shape(reply, apiVersion)
  },

  fail: (request, errorCode) => shape(joinRefusal(errorCode, request.memberId), 0),
})

function shape(
  { protocol, ...reply }: JoinReply,
  apiVersion: number,
): ResponseOf<typeof JoinGroup> {
  return { ...reply, protocolName: apiVersion < NULL_PROTOCOL_SINCE ? (protocol ?? '') : protocol }
}
