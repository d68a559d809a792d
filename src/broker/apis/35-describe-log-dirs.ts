/** DescribeLogDirs: the folder of the logs, and how much of it partitions take (KIP-113). */

import { DescribeLogDirs } from '../../protocol/messages/35-describe-log-dirs.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import type { Topic } from '../cluster/cluster.ts'
import { type Context, handler } from '../handler.ts'

type Request = RequestOf<typeof DescribeLogDirs>
type TopicAnswer = ResponseOf<typeof DescribeLogDirs>['results'][number]['topics'][number]

export const describeLogDirs = handler<typeof DescribeLogDirs>({
  api: DescribeLogDirs,
  versions: '0-5',
  async handle(request, context) {
    requireCluster(context.authorized, 'DESCRIBE')
    const { path, totalBytes, usableBytes } = await context.partitions.place()
    const topics = sizes(request, context)
    return {
      errorCode: 'NONE',
      results: [{ errorCode: 'NONE', logDir: path, topics, totalBytes, usableBytes }],
    }
  },
  fail: (_request, errorCode) => ({ errorCode, results: [] }),
})

/** What is not here is left out; so is a topic of which nothing is. */
function sizes({ topics }: Request, context: Context): TopicAnswer[] {
  const wanted = topics && indexesByName(topics)
  const found = wanted
    ? [...wanted.keys()].flatMap((name) => context.cluster.topic(name) ?? [])
    : [...context.cluster.topics()]
  return found
    .map((topic) => sizesOf(topic, wanted?.get(topic.name), context))
    .filter(({ partitions }) => partitions.length > 0)
}

function indexesByName(topics: NonNullable<Request['topics']>): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    wanted.set(topic, new Set([...(wanted.get(topic) ?? []), ...partitions]))
  }
  return wanted
}

function sizesOf(
  topic: Topic,
  indexes: ReadonlySet<number> | undefined,
  { partitions }: Context,
): TopicAnswer {
  const sized = topic.partitions.flatMap((partition) => {
    const size = partitions.size(partition)
    if (size === undefined || (indexes && !indexes.has(partition.index))) return []
    const facts = { partitionSize: size, offsetLag: 0, isFutureKey: false }
    return [{ partitionIndex: partition.index, ...facts }]
  })
  return { name: topic.name, partitions: sized }
}
