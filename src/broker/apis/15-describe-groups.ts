/** State and members of classic groups. */

import type { ErrorName } from '../../protocol/errors.ts'
import { DescribeGroups } from '../../protocol/messages/15-describe-groups.ts'
import type { ResponseOf } from '../../protocol/schema.ts'
import { authorizedOperations } from '../cluster/authorized-operations.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type Described = ResponseOf<typeof DescribeGroups>['groups'][number]

/** KIP-1043: before, a group that is not there was a dead one. */
const MISSING_GROUPS_SINCE = 6

export const describeGroups = handler<typeof DescribeGroups>({
  api: DescribeGroups,
  versions: '0-6',

  async handle({ groups, includeAuthorizedOperations }, context) {
    const described = await Promise.all(groups.map((groupId) => describe(groupId, context)))
    if (!includeAuthorizedOperations) return { groups: described }
    return {
      groups: described.map((group) =>
        group.errorCode === 'NONE'
          ? { ...group, authorizedOperations: operationsOn(group.groupId, context) }
          : group,
      ),
    }
  },

  fail: ({ groups }, errorCode) => ({ groups: groups.map((id) => nothingOf(id, errorCode)) }),
})

async function describe(
  groupId: string,
  { apiVersion, authorized, groups }: Context,
): Promise<Described> {
  if (!authorized('DESCRIBE', 'GROUP', groupId)) {
    return nothingOf(groupId, 'GROUP_AUTHORIZATION_FAILED')
  }
  try {
    const group = await groups.describe(groupId)
    if (!group) return apiVersion < MISSING_GROUPS_SINCE ? deadGroup(groupId) : missing(groupId)
    return {
      errorCode: 'NONE',
      groupId,
      groupState: group.groupState,
      protocolType: group.protocolType,
      protocolData: group.protocol,
      members: group.members.map(({ metadata, assignment, ...member }) => ({
        ...member,
        memberMetadata: metadata,
        memberAssignment: assignment,
      })),
    }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return nothingOf(groupId, error.code)
  }
}

function nothingOf(groupId: string, errorCode: ErrorName): Described {
  return { errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
}

function deadGroup(groupId: string): Described {
  return { ...nothingOf(groupId, 'NONE'), groupState: 'Dead' }
}

function missing(groupId: string): Described {
  const errorMessage = `Group ${groupId} not found.`
  return { ...deadGroup(groupId), errorCode: 'GROUP_ID_NOT_FOUND', errorMessage }
}

function operationsOn(groupId: string, { authorized }: Context): number {
  return authorizedOperations(authorized, 'GROUP', groupId)
}
