/** AlterReplicaLogDirs: all logs are in one folder, and stay there (KIP-113). */

import type { ErrorName } from '../../protocol/errors.ts'
import { AlterReplicaLogDirs } from '../../protocol/messages/34-alter-replica-log-dirs.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { type Context, handler } from '../handler.ts'

type Request = RequestOf<typeof AlterReplicaLogDirs>
type Response = ResponseOf<typeof AlterReplicaLogDirs>

export const alterReplicaLogDirs = handler<typeof AlterReplicaLogDirs>({
  api: AlterReplicaLogDirs,
  versions: '0-2',
  async handle(request, context) {
    requireCluster(context.authorized, 'ALTER')
    const place = await context.partitions.place()
    return shape(request, (path, topic, partition) =>
      path === place.path ? findPartition(topic, partition, context) : 'LOG_DIR_NOT_FOUND',
    )
  },
  fail: (request, errorCode) => shape(request, () => errorCode),
})

/** One answer for each topic, wherever its partitions are to go. */
function shape(
  { dirs }: Request,
  judge: (path: string, topic: string, partition: number) => ErrorName,
): Response {
  const byTopic = new Map<string, Response['results'][number]['partitions']>()
  for (const { path, topics } of dirs) {
    for (const { name, partitions } of topics) {
      const answers = partitions.map((partitionIndex) => ({
        partitionIndex,
        errorCode: judge(path, name, partitionIndex),
      }))
      byTopic.set(name, [...(byTopic.get(name) ?? []), ...answers])
    }
  }
  return { results: Array.from(byTopic, ([topicName, partitions]) => ({ topicName, partitions })) }
}

function findPartition(topic: string, index: number, { cluster }: Context): ErrorName {
  return cluster.topic(topic)?.partitions[index] ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION'
}
