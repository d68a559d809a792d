/** DeleteRecords: partitions lose their first records, up to given offsets (KIP-107). */

import { DeleteRecords } from '../../protocol/messages/21-delete-records.ts'
import { type Context, handler } from '../handler.ts'
import { type RecordDeletion, refusedDeletion } from '../partitions/record-deletion.ts'

export const deleteRecords = handler<typeof DeleteRecords>({
  api: DeleteRecords,
  versions: '0-2',
  async handle(request, context) {
    const topics = request.topics.map(async ({ name, partitions }) => {
      const answers = partitions.map(async ({ partitionIndex, offset }) => ({
        partitionIndex,
        ...(await deleteFrom(name, partitionIndex, Number(offset), context)),
      }))
      return { name, partitions: await Promise.all(answers) }
    })
    return { topics: await Promise.all(topics) }
  },
  fail: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        ...refusedDeletion(errorCode),
      })),
    })),
  }),
})

async function deleteFrom(
  name: string,
  index: number,
  offset: number,
  { authorized, cluster, partitions }: Context,
): Promise<RecordDeletion> {
  if (!authorized('DELETE', 'TOPIC', name)) return refusedDeletion('TOPIC_AUTHORIZATION_FAILED')
  const partition = cluster.topic(name)?.partitions[index]
  if (!partition) return refusedDeletion('UNKNOWN_TOPIC_OR_PARTITION')
  return partitions.deleteRecords(partition, offset)
}
