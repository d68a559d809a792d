// What kafkajs was asked to do while its frames were captured: node kafkajs.mjs HOST:PORT

import kafkajs from 'kafkajs'
import * as zstd from '@bokuweb/zstd-wasm'
import snappy from 'snappyjs'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async ({ buffer }) => Buffer.from(snappy.compress(buffer)),
  decompress: async (buffer) => Buffer.from(snappy.uncompress(buffer)),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }) => Buffer.from(zstd.compress(buffer)),
  decompress: async (buffer) => Buffer.from(zstd.decompress(buffer)),
})
await zstd.init()

const kafka = new Kafka({ clientId: 'js', brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
const topic = 'spools'
const records = [
  {
    key: 'thread',
    value: 'red red red red red red red red',
    headers: { length: '12 m' },
    timestamp: '1700000000000',
  },
  { key: null, value: 'blue', timestamp: '1700000000001' },
  { key: 'gone', value: null, timestamp: '1700000000002' },
]

const admin = kafka.admin()
await admin.connect()
await admin.createTopics({
  topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '-1' }] }],
})
await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
await new Promise((resolve) => setTimeout(resolve, 500))
const producer = kafka.producer({ idempotent: true })
await producer.connect()
for (const compression of [
  CompressionTypes.None,
  CompressionTypes.GZIP,
  CompressionTypes.Snappy,
  CompressionTypes.ZSTD,
]) {
  await producer.send({
    topic,
    compression,
    messages: records.map((record) => ({ ...record, partition: 0 })),
  })
}
await producer.disconnect()
const consumer = kafka.consumer({ groupId: 'weavers', maxWaitTimeInMs: 100, heartbeatInterval: 50 })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let seen = 0
await consumer.run({
  eachMessage: async (payload) => {
    seen++
    await payload.heartbeat()
  },
})
while (seen < 12) await new Promise((resolve) => setTimeout(resolve, 50))
await admin.describeGroups(['weavers'])
await consumer.disconnect()
await admin.fetchOffsets({ groupId: 'weavers', topics: [topic] })
await admin.fetchTopicOffsetsByTimestamp(topic, 1_700_000_000_001)
await admin.describeConfigs({
  includeSynonyms: false,
  resources: [
    {
      type: ConfigResourceTypes.TOPIC,
      name: topic,
      configNames: ['retention.ms', 'cleanup.policy'],
    },
  ],
})
await admin.alterConfigs({
  resources: [
    {
      type: ConfigResourceTypes.TOPIC,
      name: topic,
      configEntries: [{ name: 'retention.ms', value: '86400000' }],
    },
  ],
})
await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
await admin.listGroups()
await admin.deleteGroups(['weavers'])
await admin.describeCluster()
await admin
  .describeAcls({ resourceType: 2, resourcePatternType: 3, operation: 2, permissionType: 3 })
  .catch(() => {})
await admin.deleteTopics({ topics: [topic] })
await admin.disconnect()
