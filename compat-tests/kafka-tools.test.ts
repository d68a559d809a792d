/** Kafka's own command line tools against the broker. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { hasOracles, kafkaTool, kcat, installed } from './harness/programs.ts'

const TOOLS = 'org.apache.kafka.tools'
const TOPICS = `${TOOLS}.TopicCommand`
const GROUPS = `${TOOLS}.consumer.group.ConsumerGroupCommand`
const CONFIGS = 'kafka.admin.ConfigCommand'
const PRODUCER = `${TOOLS}.ConsoleProducer`
const CONSUMER = `${TOOLS}.consumer.ConsoleConsumer`

describe.skipIf(!hasOracles())("Kafka's own tools", () => {
  let broker: BrokerProcess

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
  })
  afterAll(() => broker?.dispose())

  async function tool(name: string, args: string[], input?: string): Promise<string> {
    const outcome = await kafkaTool(name, ['--bootstrap-server', broker.bootstrap, ...args], {
      timeoutMs: 60_000,
      ...(input === undefined ? {} : { input }),
    })
    expect(outcome.code, `${name} ${args.join(' ')}\n${outcome.stdout}\n${outcome.stderr}`).toBe(0)
    return outcome.stdout
  }

  it('the topic tool creates, lists, describes, widens and deletes', {
    timeout: 120_000,
  }, async () => {
    const config = ['--config', 'retention.ms=60000']
    const created = await tool(TOPICS, [
      '--create',
      '--topic',
      'tooled',
      '--partitions',
      '3',
      ...config,
    ])
    expect(created).toContain('Created topic tooled.')
    expect((await tool(TOPICS, ['--list'])).split('\n')).toContain('tooled')
    const described = await tool(TOPICS, ['--describe', '--topic', 'tooled'])
    expect(described).toMatch(
      /PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=60000/,
    )
    await tool(TOPICS, ['--alter', '--topic', 'tooled', '--partitions', '5'])
    expect(await tool(TOPICS, ['--describe', '--topic', 'tooled'])).toContain('PartitionCount: 5')
    await tool(TOPICS, ['--delete', '--topic', 'tooled'])
    expect((await tool(TOPICS, ['--list'])).split('\n')).not.toContain('tooled')
  })

  it('the console producer and consumer understand one another', { timeout: 120_000 }, async () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`)
    await tool(PRODUCER, ['--topic', 'console'], lines.join('\n'))
    const read = await tool(CONSUMER, [
      ...['--topic', 'console', '--from-beginning', '--max-messages', '100'],
      ...['--group', 'console-readers', '--timeout-ms', '30000'],
    ])
    expect(read.trim().split('\n')).toEqual(lines)
  })

  it('the consumer group tool lists, describes, resets and deletes', {
    timeout: 240_000,
  }, async () => {
    const readers = ['--group', 'console-readers']
    expect((await tool(GROUPS, ['--list'])).split('\n')).toContain('console-readers')
    const described = await tool(GROUPS, ['--describe', ...readers])
    expect(described).toMatch(/console-readers\s+console\s+0\s+100\s+100\s+0/)
    expect(await tool(GROUPS, ['--describe', '--state', ...readers])).toMatch(/Empty\s+0/)
    const reset = ['--reset-offsets', '--to-offset', '40', '--topic', 'console', '--execute']
    await tool(GROUPS, [...reset, ...readers])
    expect(await tool(GROUPS, ['--describe', ...readers])).toMatch(/console\s+0\s+40\s+100\s+60/)
    await tool(GROUPS, ['--delete-offsets', '--topic', 'console', ...readers])
    expect(await tool(GROUPS, ['--describe', ...readers])).not.toMatch(/console\s+0\s+40/)
    await tool(GROUPS, ['--delete', ...readers])
    expect((await tool(GROUPS, ['--list'])).split('\n')).not.toContain('console-readers')
  })

  it('the tools for administration print what they print on Kafka', {
    timeout: 240_000,
  }, async () => {
    await tool(TOPICS, ['--create', '--topic', 'administered'])
    await tool(PRODUCER, ['--topic', 'administered'], 'a\nb\nc')
    const folder = await mkdtemp(join(tmpdir(), 'odradek-tools-'))
    const file = join(folder, 'offsets.json')
    const partitions = [{ topic: 'administered', partition: 0, offset: 2 }]
    await writeFile(file, JSON.stringify({ partitions, version: 1 }))
    const deleted = await tool(`${TOOLS}.DeleteRecordsCommand`, ['--offset-json-file', file])
    await rm(folder, { recursive: true })
    expect(deleted).toMatch(/partition: administered-0\s+low_watermark: 2/)
    const folders = ['--describe', '--topic-list', 'administered']
    const sizes = await tool(`${TOOLS}.LogDirsCommand`, folders)
    expect(sizes).toMatch(/"partition":"administered-0","size":[1-9]\d*,"offsetLag":0/)
    const quorum = await tool(`${TOOLS}.MetadataQuorumCommand`, ['describe', '--status'])
    expect(quorum).toMatch(/LeaderId:\s+1\n[^]*MaxFollowerLag:\s+0\n[^]*CurrentObservers:\s+\[\]/)
    const elected = ['--election-type', 'preferred', '--topic', 'administered', '--partition', '0']
    expect(await tool(`${TOOLS}.LeaderElectionCommand`, elected)).toContain(
      'Valid replica already elected for partitions administered-0',
    )
    expect(await tool(`${TOOLS}.reassign.ReassignPartitionsCommand`, ['--list'])).toContain(
      'No partition reassignments found.',
    )
    const features = await tool(`${TOOLS}.FeatureCommand`, ['describe'])
    expect(features).toMatch(/Feature: metadata\.version\s.*FinalizedVersionLevel: 4\.4-IV2/)
  })

  it('the config tool alters and describes what has configs', { timeout: 400_000 }, async () => {
    await tool(TOPICS, ['--create', '--topic', 'configured'])
    const alter = (entity: string[], change: string[]) =>
      tool(CONFIGS, ['--alter', ...entity, ...change])
    const describe = (entity: string[], ...more: string[]) =>
      tool(CONFIGS, ['--describe', ...entity, ...more])

    const topic = ['--entity-type', 'topics', '--entity-name', 'configured']
    const values = 'retention.ms=60000,cleanup.policy=[compact,delete]'
    expect(await alter(topic, ['--add-config', values])).toContain(
      'Completed updating config for topic configured.',
    )
    const configured = await describe(topic)
    expect(configured).toContain('Dynamic configs for topic configured are:')
    expect(configured).toMatch(/retention\.ms=60000 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=60000/)
    expect(configured).toMatch(/cleanup\.policy=compact,delete .*DEFAULT_CONFIG:log\.cleanup/)
    await alter(topic, ['--delete-config', 'retention.ms,cleanup.policy'])
    expect(await describe(topic)).not.toMatch(/=/)
    const all = await describe(topic, '--all')
    expect(all).toContain('All configs for topic configured are:')
    expect(all.match(/^ {2}[\w.]+=/gm)).toHaveLength(37)

    const broker1 = ['--entity-type', 'brokers', '--entity-name', '1']
    const everyBroker = ['--entity-type', 'brokers', '--entity-default']
    await alter(everyBroker, ['--add-config', 'log.cleaner.backoff.ms=13000'])
    await alter(broker1, ['--add-config', 'log.cleaner.backoff.ms=14000'])
    expect(await describe(broker1)).toMatch(
      /log\.cleaner\.backoff\.ms=14000 .*DYNAMIC_BROKER_CONFIG:log\.cleaner\.backoff\.ms=14000, DYNAMIC_DEFAULT_BROKER_CONFIG:log\.cleaner\.backoff\.ms=13000, DEFAULT_CONFIG:log\.cleaner\.backoff\.ms=15000/,
    )
    expect(await describe(everyBroker)).toMatch(/log\.cleaner\.backoff\.ms=13000 /)
    expect(await describe(broker1, '--all')).toMatch(/^ {2}num\.partitions=1 sensitive=false/m)
    await alter(broker1, ['--delete-config', 'log.cleaner.backoff.ms'])
    await alter(everyBroker, ['--delete-config', 'log.cleaner.backoff.ms'])
    expect(await describe(broker1)).not.toContain('log.cleaner.backoff.ms')

    const group = ['--entity-type', 'groups', '--entity-name', 'g']
    await alter(group, ['--add-config', 'consumer.session.timeout.ms=50000'])
    expect(await describe(group)).toMatch(/consumer\.session\.timeout\.ms=50000 .*GROUP_CONFIG/)
    const metrics = ['--entity-type', 'client-metrics', '--entity-name', 'm']
    await alter(metrics, ['--add-config', 'interval.ms=1000,metrics=org.apache.kafka.'])
    expect(await describe(metrics)).toMatch(/interval\.ms=1000 [^]*metrics=org\.apache\.kafka\. /)
    const loggers = ['--entity-type', 'broker-loggers', '--entity-name', '1']
    await alter(loggers, ['--add-config', 'root=WARN'])
    expect(await describe(loggers)).toMatch(/root=WARN /)
  })

  it.skipIf(!installed('kcat'))(
    "the console consumer reads the offsets topic with Kafka's own formatter",
    { timeout: 120_000 },
    async () => {
      await kcat(broker.bootstrap, ['-P', '-t', 'formatted'], { input: 'x\n' })
      await kcat(broker.bootstrap, [
        ...['-G', 'formatted-readers', '-c', '1', '-q', '-X', 'auto.offset.reset=earliest'],
        'formatted',
      ])
      const read = await tool(CONSUMER, [
        ...['--topic', '__consumer_offsets', '--from-beginning', '--timeout-ms', '8000'],
        ...['--formatter', 'org.apache.kafka.tools.consumer.OffsetsMessageFormatter'],
      ])
      expect(read).toContain('"group":"formatted-readers","topic":"formatted","partition":0')
      expect(read).toMatch(/"offset":1\b/)
    },
  )
})
