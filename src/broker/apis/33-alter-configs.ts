/** AlterConfigs: gives resources the configs that are named, and no others. */

import { AlterConfigs } from '../../protocol/messages/33-alter-configs.ts'
import { allFailed, alterResources } from '../config-requests.ts'
import { handler } from '../handler.ts'

const SET = 0

export const alterConfigs = handler<typeof AlterConfigs>({
  api: AlterConfigs,
  versions: '0-2',
  async handle({ resources, validateOnly }, context) {
    const asked = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      configs: configs.map(({ name, value }) => ({ name, value, configOperation: SET })),
    }))
    const responses = await alterResources(asked, { validateOnly, replacesAll: true }, context)
    return { responses }
  },
  fail: ({ resources }, errorCode, errorMessage) => ({
    responses: allFailed(resources, errorCode, errorMessage),
  }),
})
