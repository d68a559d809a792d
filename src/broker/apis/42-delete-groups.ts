/** Groups that have no members end, and with them what they have committed. */

import type { ErrorName } from '../../protocol/errors.ts'
import { DeleteGroups } from '../../protocol/messages/42-delete-groups.ts'
import { type Context, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

export const deleteGroups = handler<typeof DeleteGroups>({
  api: DeleteGroups,
  versions: '0-3',

  async handle({ groupsNames }, context) {
    const results = [...new Set(groupsNames)].map(async (groupId) => ({
      groupId,
      errorCode: await deleteGroup(groupId, context),
    }))
    return { results: await Promise.all(results) }
  },

  fail: ({ groupsNames }, errorCode) => ({
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
})

async function deleteGroup(groupId: string, { authorized, groups }: Context): Promise<ErrorName> {
  if (!authorized('DELETE', 'GROUP', groupId)) return 'GROUP_AUTHORIZATION_FAILED'
  try {
    return await groups.deleteGroup(groupId)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return error.code
  }
}
