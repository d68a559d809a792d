import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BrokerError, type BrokerOptions, type RunningBroker, startBroker } from '../src/index.ts'
import { filesOf, unpackTo } from './fixtures/kafka-folder/unpack.ts'

const running: RunningBroker[] = []
let folder: string

const start = async (options?: BrokerOptions): Promise<RunningBroker> => {
  const broker = await startBroker(options)
  running.push(broker)
  return broker
}

const failure = async (options: BrokerOptions): Promise<BrokerError> => {
  const error: unknown = await start(options).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof BrokerError) return error
  throw new Error(`not a BrokerError: ${String(error)}`)
}

/** Asks for ApiVersions v0 with an empty client id; resolves with the correlation id of the answer. */
const ask = (port: number, host = '127.0.0.1'): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without an answer')))
    socket.on('data', (bytes) => {
      socket.destroy()
      resolve(bytes.readInt32BE(4))
    })
    socket.write(Buffer.from('0000000a0012000000abcdef0000', 'hex'))
  })

const withAdmin = async <T>(
  broker: RunningBroker,
  run: (admin: Admin) => Promise<T>,
): Promise<T> => {
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await run(admin)
  } finally {
    await admin.disconnect()
  }
}

const partitions = (broker: RunningBroker): Promise<Record<string, number>> =>
  withAdmin(broker, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata()
    return Object.fromEntries(topics.map((topic) => [topic.name, topic.partitions.length]))
  })

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odradek-index-'))
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((broker) => broker.stop()))
  rmSync(folder, { recursive: true, force: true })
})

describe('startBroker', () => {
  test('listens on a free port of both loopback addresses, until it is stopped', async () => {
    const broker = await start()
    expect(broker.bootstrap).toBe(`127.0.0.1:${broker.port}`)
    expect(broker.ports).toEqual({ PLAINTEXT: broker.port })
    expect(broker.clusterId).toMatch(/^[\w-]{22}$/)
    expect(await ask(broker.port)).toBe(0xabcdef)
    await broker.stop()
    await broker.stop()
    await expect(ask(broker.port)).rejects.toThrow('ECONNREFUSED')
  })

  test('runs many side by side, each a cluster of its own', async () => {
    const brokers = await Promise.all([1, 2, 3].map((n) => start({ topics: { [`t${n}`]: n } })))
    expect(new Set(brokers.map(({ port }) => port)).size).toBe(3)
    expect(new Set(brokers.map(({ clusterId }) => clusterId)).size).toBe(3)
    expect(await Promise.all(brokers.map(partitions))).toEqual([{ t1: 1 }, { t2: 2 }, { t3: 3 }])
  })

  test('makes topics with partitions and configs', async () => {
    const broker = await start({
      topics: { orders: 3, users: { config: { 'cleanup.policy': 'compact' } } },
      config: { 'num.partitions': 2 },
    })
    expect(await partitions(broker)).toEqual({ orders: 3, users: 2 })
    const described = await withAdmin(broker, (admin) =>
      admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: 2, name: 'users', configNames: ['cleanup.policy'] }],
      }),
    )
    expect(described.resources[0]!.configEntries[0]!.configValue).toBe('compact')
  })

  test('keeps what is in a folder', async () => {
    const data = join(folder, 'not', 'there', 'yet')
    const first = await start({ data, topics: { orders: 3 } })
    await first.stop()
    const second = await start({ data, topics: { orders: 7, more: 1 } })
    expect(second.clusterId).toBe(first.clusterId)
    expect(await partitions(second)).toEqual({ orders: 3, more: 1 })
  })

  test('is the node that a folder was made for, where nothing else is said', async () => {
    const nodeOf = (broker: RunningBroker) =>
      withAdmin(broker, async (admin) => (await admin.describeCluster()).brokers[0]!.nodeId)
    const made = await start({ data: folder, config: { 'node.id': 7 } })
    await made.stop()
    const found = await start({ data: folder })
    expect(await nodeOf(found)).toBe(7)
    await found.stop()
    const other = await failure({ data: folder, config: { 'node.id': 8 } })
    expect(other.message).toMatch(/node\.id=7, but the configuration says 8/)
  })

  test('takes over a folder of Kafka’s, but not to open it to everybody', async () => {
    unpackTo(folder, filesOf('clean'))
    const refused = await failure({ data: folder })
    expect(refused.message).toMatch(/ACLs \(1\), SCRAM credentials \(1\)/)
    const broker = await start({ data: folder, config: { 'odradek.ignore.kept.security': true } })
    expect(broker.clusterId).toBe('odradek-peer-000000000w')
    expect(await partitions(broker)).toMatchObject({ orders: 3, again: 2, late: 2, compacted: 1 })
  })

  test('takes over a folder whose metadata log lies elsewhere', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'odradek-metadata-'))
    const files = [...filesOf('clean')]
    const isMetadata = (path: string): boolean => path.startsWith('__cluster_metadata-0/')
    unpackTo(folder, new Map(files.filter(([path]) => !isMetadata(path))))
    unpackTo(elsewhere, new Map(files.filter(([path]) => isMetadata(path))))
    const config = { 'odradek.ignore.kept.security': true, 'metadata.log.dir': elsewhere }
    const broker = await start({ data: folder, config })
    expect(await partitions(broker)).toMatchObject({ orders: 3 })
    const made = await withAdmin(broker, (admin) =>
      admin.createTopics({ topics: [{ topic: 'ours' }] }),
    )
    expect(made).toBe(true)
    rmSync(elsewhere, { recursive: true })
  })

  test('keeps nothing in memory', async () => {
    await (await start({ topics: { orders: 3 } })).stop()
    expect(await partitions(await start())).toEqual({})
  })

  test('takes listeners from the configuration, and an advertised address', async () => {
    const broker = await start({
      config: {
        listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
        'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
        'advertised.listeners': 'OUTSIDE://kafka.example:1234',
      },
    })
    expect(Object.keys(broker.ports)).toEqual(['INSIDE', 'OUTSIDE'])
    const cluster = await withAdmin(broker, (admin) => admin.describeCluster())
    expect(cluster.brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: broker.port }])
  })

  test('obeys limits of connections that are altered while it runs', async () => {
    const broker = await start()
    await withAdmin(broker, async (admin) => {
      const alter = (configEntries: { name: string; value: string }[]) =>
        admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: 4, name: '1', configEntries }],
        })
      for (const name of ['max.connections', 'max.connections.per.ip']) {
        await alter([{ name, value: '1' }])
        await expect(ask(broker.port)).rejects.toThrow()
        await alter([])
        expect(await ask(broker.port)).toBe(0xabcdef)
      }
    })
  })

  test('is disposed of by await using', async () => {
    const broker = await start()
    await broker[Symbol.asyncDispose]()
    await expect(ask(broker.port)).rejects.toThrow('ECONNREFUSED')
  })

  test('keeps the process alive only when asked to', async () => {
    const servers = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length
    const before = servers()
    await start()
    expect(servers()).toBe(before)
    const broker = await start({ keepAlive: true })
    expect(servers()).toBeGreaterThan(before)
    await broker.stop()
  })
})

describe('what cannot be started', () => {
  test.each<[string, object, string]>([
    ['INVALID_OPTION', { topcis: {} }, "Unknown option: 'topcis'. Did you mean topics?"],
    [
      'INVALID_OPTION',
      { topics: { a: { partition: 3 } } },
      "Unknown option of topic a: 'partition'. Did you mean partitions?",
    ],
    ['INVALID_OPTION', { topics: { a: 1.5 } }, 'Topic a: 1.5 is no number of partitions.'],
    ['INVALID_OPTION', { port: 70_000 }, 'port is a whole number from 0 to 65535, not 70000.'],
    [
      'INVALID_OPTION',
      { topics: ['orders'] },
      'topics is an object of names and numbers of partitions, like { orders: 3 }.',
    ],
    [
      'INVALID_OPTION',
      { topics: 'orders' },
      'topics is an object of names and numbers of partitions, like { orders: 3 }.',
    ],
    ['INVALID_OPTION', { host: '' }, 'host needs an address.'],
    ['INVALID_OPTION', { profile: 'live' }, "profile is one of dev, test, prod, not 'live'."],
    [
      'INVALID_CONFIG',
      { config: { 'num.partitons': 1 } },
      "Unknown configuration 'num.partitons' (in config). Did you mean num.partitions?",
    ],
    [
      'INVALID_CONFIG',
      { config: { 'log.dirs': '/a,/b' } },
      'log.dirs has 2 folders; one is served so far: name one.',
    ],
    [
      'INVALID_CONFIG',
      { config: { 'advertised.listeners': 'OUTSIDE://kafka.example:9092' } },
      'advertised.listeners has OUTSIDE://kafka.example:9092, and listeners has no listener of that name: it has PLAINTEXT.',
    ],
    [
      'CANNOT_CREATE_TOPIC',
      { topics: { a: { config: { nonsense: 1 } } } },
      'Topic a: Unknown topic config name: nonsense',
    ],
    [
      'CANNOT_CREATE_TOPIC',
      { topics: { a: 0 } },
      'Topic a: Number of partitions was set to an invalid non-positive value.',
    ],
  ])('%s %j', async (code, options, message) => {
    const error = await failure(options)
    expect([error.code, error.message]).toEqual([code, message])
  })

  test('names who has the port', async () => {
    const { port } = await start()
    const error = await failure({ port })
    expect(error.code).toBe('PORT_IN_USE')
    expect(error.message).toContain(`Port ${port} is in use`)
    if (process.platform === 'linux') expect(error.message).toContain(`process ${process.pid} `)
  })

  test('names who has the folder, and leaves it alone', async () => {
    const broker = await start({ data: folder })
    const error = await failure({ data: folder })
    expect(error.code).toBe('FOLDER_IN_USE')
    expect(error.message).toContain(`process ${process.pid}`)
    expect(await ask(broker.port)).toBe(0xabcdef)
  })

  test('says why a folder cannot be used', async () => {
    writeFileSync(join(folder, 'file'), '')
    const data = join(folder, 'file', 'below')
    const error = await failure({ data })
    expect(error.code).toBe('FOLDER_NOT_USABLE')
    expect(error.message).toContain(`${data} cannot be used: a part of the path is a file.`)
    const file = await failure({ data: join(folder, 'file') })
    expect(file.message).toContain('cannot be used: it is a file.')
  })

  test.skipIf(process.platform !== 'linux')('a place where no folder can be made', async () => {
    const error = await failure({ data: '/proc/odradek' })
    expect(error.code).toBe('FOLDER_NOT_USABLE')
    expect(error.message).toContain('/proc/odradek cannot be used: no folder can be made there.')
  })

  test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'a folder in which something may not be written',
    async () => {
      await (await start({ data: folder, topics: { orders: 1 } })).stop()
      const file = join(folder, 'orders-0', 'partition.metadata')
      chmodSync(file, 0o444)
      const error = await failure({ data: folder })
      expect(error.code).toBe('FOLDER_NOT_USABLE')
      expect(error.message).toContain(`permission denied for ${file}.`)
    },
  )

  test('makes no folder when the port is in use', async () => {
    const { port } = await start()
    const data = join(folder, 'new')
    expect((await failure({ port, data })).code).toBe('PORT_IN_USE')
    expect(existsSync(data)).toBe(false)
  })

  test('says it with BrokerError when the folder cannot be closed', async () => {
    const broker = await start({ data: folder })
    running.length = 0
    rmSync(folder, { recursive: true })
    await expect(broker.stop()).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'FOLDER_NOT_CLOSED',
      message: expect.stringContaining(`The data folder ${folder} could not be closed`) as string,
    })
  })

  test('frees the folder when the port is in use', async () => {
    const { port } = await start()
    expect((await failure({ port, data: folder })).code).toBe('PORT_IN_USE')
    await start({ data: folder })
  })
})
