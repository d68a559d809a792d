/** UnregisterBroker: there is one broker, and it stays (KIP-631). */

import { UnregisterBroker } from '../../protocol/messages/64-unregister-broker.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

export const unregisterBroker = handler<typeof UnregisterBroker>({
  api: UnregisterBroker,
  versions: '0',
  handle({ brokerId }, { authorized, cluster }) {
    requireCluster(authorized, 'ALTER')
    if (brokerId === cluster.nodeId) {
      const text = `Broker ${brokerId} is the only one of the cluster, and cannot be unregistered.`
      throw new KafkaError('INVALID_REQUEST', text)
    }
    const text = `Broker ID ${brokerId} is not currently registered`
    throw new KafkaError('BROKER_ID_NOT_REGISTERED', text)
  },
  fail: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage }),
})
