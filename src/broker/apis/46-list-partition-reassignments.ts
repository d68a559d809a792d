/** ListPartitionReassignments: with one node, no partition is ever on the move (KIP-455). */

import { ListPartitionReassignments } from '../../protocol/messages/46-list-partition-reassignments.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { handler } from '../handler.ts'

export const listPartitionReassignments = handler<typeof ListPartitionReassignments>({
  api: ListPartitionReassignments,
  versions: '0',
  handle(_request, { authorized }) {
    requireCluster(authorized, 'DESCRIBE')
    return { errorCode: 'NONE', errorMessage: null, topics: [] }
  },
  fail: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, topics: [] }),
})
