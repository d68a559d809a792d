/** InitProducerId: gives an idempotent producer its id. */

import { InitProducerId } from '../../protocol/messages/22-init-producer-id.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { RequestOf, ResponseOf } from '../../protocol/schema.ts'
import { CLUSTER_RESOURCE } from '../cluster/authorized-operations.ts'
import { type Context, handler } from '../handler.ts'

const NO_ID = -1n
const NO_EPOCH = -1

export const initProducerId = handler<typeof InitProducerId>({
  api: InitProducerId,
  versions: '0-5',
  async handle(request, context) {
    const refusal = refuse(request, context)
    if (refusal) return none(refusal)
    // An id that the producer has had does not matter: without transactions nobody fences it.
    const producerId = await context.cluster.nextProducerId()
    return { errorCode: 'NONE', producerId, producerEpoch: 0 }
  },
  fail: (_request, errorCode) => none(errorCode),
})

function refuse(
  { transactionalId, producerId, producerEpoch }: RequestOf<typeof InitProducerId>,
  { authorized, cluster }: Context,
): ErrorName | undefined {
  if (transactionalId !== null) {
    // Transactions are not served: this is the error that every client takes as final.
    return transactionalId === '' ? 'INVALID_REQUEST' : 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'
  }
  if (!authorized('IDEMPOTENT_WRITE', 'CLUSTER', CLUSTER_RESOURCE)) {
    // Whoever may write to any topic may do so idempotently (KIP-679).
    const mayWrite = [...cluster.topics()].some(({ name }) => authorized('WRITE', 'TOPIC', name))
    if (!mayWrite) return 'CLUSTER_AUTHORIZATION_FAILED'
  }
  return (producerId === NO_ID) === (producerEpoch === NO_EPOCH) ? undefined : 'INVALID_REQUEST'
}

function none(errorCode: ErrorName): ResponseOf<typeof InitProducerId> {
  return { errorCode, producerId: NO_ID, producerEpoch: NO_EPOCH }
}
