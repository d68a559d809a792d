// CreateTopics (19): makes topics, with partitions and configs.
// v1 validateOnly, errorMessage - v2 throttleTimeMs - v4 -1 = the broker's default (KIP-464) -
// v5 flexible, answers the configs (KIP-525) - v6 THROTTLING_QUOTA_EXCEEDED (KIP-599) - v7 topicId

import {
  api,
  array,
  bool,
  errorCode,
  int8,
  int16,
  int32,
  string,
  uuid,
  ZERO_UUID,
} from '../schema.ts'

export const CreateTopics = api({
  key: 19,
  name: 'CreateTopics',
  versions: '0-7',
  flexible: '5+',
  request: {
    topics: array('0+', {
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array('0+', {
        partitionIndex: int32(),
        brokerIds: array('0+', int32()),
      }),
      configs: array('0+', { name: string(), value: string('0+', { nullable: '0+' }) }),
    }),
    timeoutMs: int32('0+', { default: 60000 }),
    validateOnly: bool('1+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('2+', { default: 0, ignorable: true }),
    topics: array('0+', {
      name: string(),
      topicId: uuid('7+', { default: ZERO_UUID, ignorable: true }),
      errorCode: errorCode(),
      errorMessage: string('1+', { nullable: '1+', default: '', ignorable: true }),
      topicConfigErrorCode: errorCode('5+', {
        default: 'NONE',
        tag: 0,
        tagged: '5+',
        ignorable: true,
      }),
      numPartitions: int32('5+', { default: -1, ignorable: true }),
      replicationFactor: int16('5+', { default: -1, ignorable: true }),
      configs: array(
        '5+',
        {
          name: string(),
          value: string('0+', { nullable: '0+' }),
          readOnly: bool(),
          configSource: int8('0+', { default: -1, ignorable: true }),
          isSensitive: bool(),
        },
        { nullable: '5+', default: [], ignorable: true },
      ),
    }),
  },
})
