import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { codecOf } from '../../src/protocol/compile.ts'
import { requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import { decodeRequestHeader, peekApi, requestHeaderVersion } from '../../src/protocol/header.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { Api } from '../../src/protocol/schema.ts'
import { apis } from './known-messages.ts'

/** Frames that kcat 1.7.1 with librdkafka 2.0.2 put on the wire, and what they say. */
const frames: [name: string, version: number, hex: string, request: object][] = [
  [
    'ApiVersions',
    3,
    '000000240012000300000001000772646b61666b61000b6c696272646b61666b6106322e302e3200',
    { clientSoftwareName: 'librdkafka', clientSoftwareVersion: '2.0.2' },
  ],
  [
    'Metadata',
    4,
    '0000001e0003000400000002000772646b61666b610000000100066f726465727301',
    { topics: [{ name: 'orders' }], allowAutoTopicCreation: true },
  ],
  [
    'Produce',
    7,
    '0000007b0000000700000003000772646b61666b61ffffffff000075300000000100066f7264657273000000010000' +
      '00000000004a00000000000000000000003e000000000232ee0f43000000000000000001a20fdf3677000001a20f' +
      'df3677ffffffffffffffffffffffffffff0000000118000000026b0a68656c6c6f00',
    {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0 }] }],
    },
  ],
  [
    'ListOffsets',
    2,
    '000000320002000200000004000772646b61666b61ffffffff010000000100066f72646572730000000100000000' +
      'fffffffffffffffe',
    {
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -2n }] }],
    },
  ],
  [
    'Fetch',
    11,
    '0000005c0001000b00000005000772646b61666b61ffffffff000001f400000001032000000100000000ffffffff' +
      '0000000100066f72646572730000000100000000ffffffff0000000000000000ffffffffffffffff001000000000' +
      '00000000',
    {
      replicaId: -1,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 52_428_800,
      isolationLevel: 1,
      sessionEpoch: -1,
      topics: [
        {
          topic: 'orders',
          partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1_048_576 }],
        },
      ],
    },
  ],
]

describe('frames of librdkafka', () => {
  it.each(frames)('%s v%i', (name, version, hex, expected) => {
    const reader = new Reader(Buffer.from(hex, 'hex'), 4)
    const api = apis.find(({ key }) => key === peekApi(reader).apiKey)!
    expect(api.name).toBe(name)
    const header = decodeRequestHeader(reader, requestHeaderVersion(api, version))
    expect(header).toMatchObject({ apiKey: api.key, apiVersion: version, clientId: 'rdkafka' })
    const request = codecOf(api.request, version).decode(reader)
    expect(request).toMatchObject(expected)
    expect(reader.remaining).toBe(0)
    expect(Buffer.concat(requestFrame(api, version, header, request)).toString('hex')).toBe(hex)
  })
})

interface ClientRequest {
  apiKey: number
  apiVersion: number
  encode: () => Promise<{ buffer: Buffer }>
}
interface ClientProtocol {
  request: (asked: object) => ClientRequest
  response: { decode(body: Buffer): Promise<object>; parse(decoded: object): Promise<object> }
}

const load = createRequire(import.meta.url)
/** kafkajs is a codec that others wrote: what it sends we must read, what we send it must read. */
function kafkajs(name: string, version: number): ClientProtocol {
  const { protocol } = load(`kafkajs/src/protocol/requests/${name}`) as {
    protocol: (options: { version: number }) => (asked: object) => {
      request: ClientRequest
      response: ClientProtocol['response']
    }
  }
  const bound = protocol({ version })
  return {
    request: (asked) => bound(asked).request,
    response: bound({ groupAssignment: [], topics: [], groupProtocols: [] }).response,
  }
}

function apiOf(name: string): Api {
  return apis.find((api) => api.name === name)!
}

describe('requests of kafkajs', () => {
  it.each<[string, string, number, object, object]>([
    [
      'JoinGroup',
      'joinGroup',
      5,
      {
        groupId: 'g',
        sessionTimeout: 30_000,
        rebalanceTimeout: 60_000,
        memberId: 'm',
        protocolType: 'consumer',
        groupProtocols: [{ name: 'RoundRobinAssigner', metadata: Buffer.from('meta') }],
      },
      {
        groupId: 'g',
        sessionTimeoutMs: 30_000,
        rebalanceTimeoutMs: 60_000,
        memberId: 'm',
        groupInstanceId: null,
        protocols: [{ name: 'RoundRobinAssigner', metadata: Buffer.from('meta') }],
      },
    ],
    [
      'OffsetCommit',
      'offsetCommit',
      5,
      {
        groupId: 'g',
        groupGenerationId: 4,
        memberId: 'm',
        topics: [{ topic: 't', partitions: [{ partition: 1, offset: '77' }] }],
      },
      {
        groupId: 'g',
        generationIdOrMemberEpoch: 4,
        topics: [{ name: 't', partitions: [{ partitionIndex: 1, committedOffset: 77n }] }],
      },
    ],
    [
      'CreateTopics',
      'createTopics',
      3,
      {
        topics: [{ topic: 't', numPartitions: 3, configEntries: [{ name: 'a', value: 'b' }] }],
        validateOnly: true,
        timeout: 5000,
      },
      {
        topics: [{ name: 't', numPartitions: 3, configs: [{ name: 'a', value: 'b' }] }],
        timeoutMs: 5000,
        validateOnly: true,
      },
    ],
  ])('%s', async (name, folder, version, asked, expected) => {
    const { apiKey, apiVersion, encode } = kafkajs(folder, version).request(asked)
    const api = apiOf(name)
    expect([apiKey, apiVersion]).toEqual([api.key, version])
    const body = new Reader((await encode()).buffer)
    expect(codecOf(api.request, version).decode(body)).toMatchObject(expected)
    expect(body.remaining).toBe(0)
  })
})

describe('responses to kafkajs', () => {
  it.each<[string, string, number, Record<string, unknown>, object]>([
    ['Heartbeat', 'heartbeat', 3, { errorCode: 'NONE', throttleTimeMs: 0 }, { errorCode: 0 }],
    [
      'Metadata',
      'metadata',
      6,
      {
        brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
        clusterId: 'c',
        controllerId: 1,
        topics: [
          {
            errorCode: 'NONE',
            name: 't',
            partitions: [
              {
                errorCode: 'NONE',
                partitionIndex: 0,
                leaderId: 1,
                replicaNodes: [1],
                isrNodes: [1],
              },
            ],
          },
        ],
      },
      {
        brokers: [{ nodeId: 1, host: 'localhost', port: 9092, rack: null }],
        clusterId: 'c',
        controllerId: 1,
        topicMetadata: [
          {
            topic: 't',
            isInternal: false,
            partitionMetadata: [{ partitionId: 0, leader: 1, replicas: [1], isr: [1] }],
          },
        ],
      },
    ],
    [
      'ListOffsets',
      'listOffsets',
      3,
      {
        topics: [
          {
            name: 't',
            partitions: [{ partitionIndex: 0, errorCode: 'NONE', timestamp: 5, offset: 9 }],
          },
        ],
      },
      { responses: [{ topic: 't', partitions: [{ partition: 0, timestamp: '5', offset: '9' }] }] },
    ],
  ])('%s', async (name, folder, version, response, expected) => {
    const frame = Buffer.concat(responseFrame(apiOf(name), version, 1, response))
    const reply = kafkajs(folder, version).response
    const decoded = await reply.decode(frame.subarray(8))
    expect(await reply.parse(decoded)).toMatchObject(expected)
  })
})
