/** Records of `__cluster_metadata` about brokers and controllers. */

import {
  array,
  bool,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
} from '../../schema.ts'

const endpoint = {
  name: string(),
  host: string(),
  port: uint16(),
  securityProtocol: int16(),
}

const feature = {
  name: string(),
  minSupportedVersion: int16(),
  maxSupportedVersion: int16(),
}

/**
 * A broker is there: where it listens and what it can do. A broker begins fenced: it leads nothing until it is unfenced.
 * v1 inControlledShutdown - v2 isMigratingZkBroker (KIP-866) - v3 logDirs (KIP-858) - v4 cordonedLogDirs (KIP-1066)
 */
export const RegisterBrokerRecord = message({
  name: 'RegisterBrokerRecord',
  apiKey: 0,
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: bool('2+', { default: false }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array('0+', endpoint),
    features: array('0+', feature),
    rack: string('0+', { nullable: '0+' }),
    fenced: bool('0+', { default: true }),
    inControlledShutdown: bool('1+', { default: false }),
    logDirs: array('3+', uuid(), { default: [], tag: 0, tagged: '3+' }),
    cordonedLogDirs: array('4+', uuid(), { nullable: '4+', default: null, tag: 1, tagged: '4+' }),
  },
})

/** A broker is gone for good. */
export const UnregisterBrokerRecord = message({
  name: 'UnregisterBrokerRecord',
  apiKey: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
})

/** A broker was silent for too long. Kafka 3.3 and later write a BrokerRegistrationChangeRecord instead. */
export const FenceBrokerRecord = message({
  name: 'FenceBrokerRecord',
  apiKey: 7,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
})

/** A fenced broker has caught up. Kafka 3.3 and later write a BrokerRegistrationChangeRecord instead. */
export const UnfenceBrokerRecord = message({
  name: 'UnfenceBrokerRecord',
  apiKey: 8,
  versions: '0',
  flexible: '0+',
  fields: {
    id: int32(),
    epoch: int64(),
  },
})

/**
 * What has changed of a broker. `fenced` is -1 no more, 1 from now on or 0 as before; `inControlledShutdown` 1 or 0 alike.
 * v1 inControlledShutdown - v2 logDirs (KIP-858) - v3 cordonedLogDirs (KIP-1066)
 */
export const BrokerRegistrationChangeRecord = message({
  name: 'BrokerRegistrationChangeRecord',
  apiKey: 17,
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8('0+', { default: 0, tag: 0, tagged: '0+' }),
    inControlledShutdown: int8('1+', { default: 0, tag: 1, tagged: '1+' }),
    logDirs: array('2+', uuid(), { default: [], tag: 2, tagged: '2+' }),
    cordonedLogDirs: array('3+', uuid(), { nullable: '3+', default: null, tag: 3, tagged: '3+' }),
  },
})

/** A controller is there: where it listens and what it can do (KIP-919). */
export const RegisterControllerRecord = message({
  name: 'RegisterControllerRecord',
  apiKey: 27,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array('0+', endpoint),
    features: array('0+', feature),
  },
})

/** A controller is gone for good. */
export const UnregisterControllerRecord = message({
  name: 'UnregisterControllerRecord',
  apiKey: 29,
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: int32(),
  },
})
