/** CreatePartitions: gives topics more partitions; answered when those take records. */

import { defaultText } from '../../protocol/errors.ts'
import { CreatePartitions } from '../../protocol/messages/37-create-partitions.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import type { Refusal } from '../cluster/cluster.ts'
import { repeatsIn } from '../cluster/repeats.ts'
import { type Context, handler } from '../handler.ts'

type Growth = RequestOf<typeof CreatePartitions>['topics'][number]

export const createPartitions = handler<typeof CreatePartitions>({
  api: CreatePartitions,
  versions: '0-3',
  async handle({ topics, validateOnly }, context) {
    const names = topics.map(({ name }) => name)
    const repeats = repeatsIn(names)
    const refusals = new Map<string, Refusal>()
    const wanted: Growth[] = []
    for (const growth of topics) {
      const refusal = refuse(growth.name, repeats, context)
      if (refusal) refusals.set(growth.name, refusal)
      else wanted.push(growth)
    }
    const outcomes = await context.cluster.createPartitions(wanted, { validateOnly })
    for (const [i, refusal] of outcomes.entries()) {
      if (refusal) refusals.set(wanted[i]!.name, refusal)
    }
    return {
      results: Array.from(new Set(names), (name) => {
        const refusal = refusals.get(name)
        return { name, errorCode: refusal?.error ?? 'NONE', errorMessage: refusal?.message ?? null }
      }),
    }
  },
  fail: ({ topics }, errorCode, errorMessage) => ({
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
})

function refuse(
  name: string,
  repeats: ReadonlySet<string>,
  { authorized }: Context,
): Refusal | undefined {
  if (repeats.has(name)) return { error: 'INVALID_REQUEST', message: 'Duplicate topic name.' }
  if (authorized('ALTER', 'TOPIC', name)) return undefined
  const error = 'TOPIC_AUTHORIZATION_FAILED'
  return { error, message: defaultText(error) }
}
