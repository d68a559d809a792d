/** IncrementalAlterConfigs: alters the configs of resources that are named, and leaves the others as they are (KIP-339). */

import { IncrementalAlterConfigs } from '../../protocol/messages/44-incremental-alter-configs.ts'
import { allFailed, alterResources } from '../config-requests.ts'
import { handler } from '../handler.ts'

export const incrementalAlterConfigs = handler<typeof IncrementalAlterConfigs>({
  api: IncrementalAlterConfigs,
  versions: '0-1',
  async handle({ resources, validateOnly }, context) {
    const responses = await alterResources(resources, { validateOnly, replacesAll: false }, context)
    return { responses }
  },
  fail: ({ resources }, errorCode, errorMessage) => ({
    responses: allFailed(resources, errorCode, errorMessage),
  }),
})
