/** A member of a classic group says that it is alive, and learns whether to rejoin. */

import { Heartbeat } from '../../protocol/messages/12-heartbeat.ts'
import { handler } from '../handler.ts'

export const heartbeat = handler<typeof Heartbeat>({
  api: Heartbeat,
  versions: '0-4',

  async handle(request, { authorized, groups }) {
    if (!authorized('READ', 'GROUP', request.groupId)) {
      return { errorCode: 'GROUP_AUTHORIZATION_FAILED' }
    }
    return { errorCode: await groups.heartbeat(request) }
  },

  fail: (_request, errorCode) => ({ errorCode }),
})
