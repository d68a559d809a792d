import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { readEnvironment } from '../../../src/broker/config/environment.ts'
import { nearest } from '../../../src/broker/config/nearest.ts'
import { profileLayer, profileNames } from '../../../src/broker/config/profiles.ts'
import { parseProperties } from '../../../src/broker/config/properties.ts'

describe('parseProperties', () => {
  const parse = (...lines: string[]): Record<string, string> =>
    Object.fromEntries(parseProperties(lines.join('\n')))

  test('reads the three separators, comments and blank lines', () => {
    expect(parse('# no', '! no', '', 'a=1', 'b : 2', 'c 3', 'd', '  e = x = y ')).toEqual({
      a: '1',
      b: '2',
      c: '3',
      d: '',
      e: 'x = y ',
    })
  })

  test('joins a line that ends in a backslash to the next without its indent', () => {
    expect(parse('a=1,\\', '   2,\\', '\t3', 'b=x\\\\', 'c=4')).toEqual({
      a: '1,2,3',
      b: 'x\\',
      c: '4',
    })
    expect(parse('a=1\\', '# not a comment')).toEqual({ a: '1# not a comment' })
  })

  test('reads escapes', () => {
    expect(parse('a\\ b\\=c=\\u00e9\\t\\z', 'path=C\\:\\\\logs')).toEqual({
      'a b=c': 'é\tz',
      path: 'C:\\logs',
    })
  })

  test('takes the last of two, and any line end', () => {
    expect(Object.fromEntries(parseProperties('a=1\r\na=2\rb=3'))).toEqual({ a: '2', b: '3' })
  })
})

describe('readEnvironment', () => {
  test('reads the variables of bitnami too, and knows which variable a value is from', () => {
    const { layer, warnings } = readEnvironment({
      KAFKA_CFG_NUM_PARTITIONS: '3',
      KAFKA_NUM_PARTITIONS: '2',
      KAFKA_CFG_NODE_ID: '4',
      KAFKA_CFG_NUM_PARTITION: '5',
    })
    expect(layer.values).toEqual({ 'num.partitions': '3', 'node.id': '4' })
    expect(layer.origins).toEqual({
      'num.partitions': 'KAFKA_CFG_NUM_PARTITIONS',
      'node.id': 'KAFKA_CFG_NODE_ID',
    })
    expect(warnings).toEqual([
      "KAFKA_CFG_NUM_PARTITION is ignored: there is no configuration 'num.partition'. Did you mean KAFKA_CFG_NUM_PARTITIONS?",
    ])
  })

  test.each(['CLUSTER_ID', 'KAFKA_CLUSTER_ID', 'KAFKA_KRAFT_CLUSTER_ID'])('reads %s', (name) => {
    const clusterId = '5L6g3nShT-eMCtK--X86sw'
    expect(readEnvironment({ [name]: clusterId })).toMatchObject({ clusterId, warnings: [] })
    const other = readEnvironment({ [name]: 'production' })
    expect(other.clusterId).toBeUndefined()
    expect(other.warnings).toEqual([expect.stringContaining(`${name} is ignored`)])
  })

  test('maps variables to keys', () => {
    const { layer, warnings } = readEnvironment({
      KAFKA_NUM_PARTITIONS: '3',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      PATH: '/bin',
      MY_KAFKA_NODE_ID: '4',
    })
    expect(layer.values).toEqual({ 'num.partitions': '3', 'auto.create.topics.enable': 'false' })
    expect(warnings).toEqual([])
  })

  test('says nothing of what JVMs, clients and Kubernetes leave there', () => {
    const { layer, warnings } = readEnvironment({
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_LOG4J_OPTS: 'x',
      KAFKA_SERVICE_HOST: '10.0.0.1',
      KAFKA_SERVICE_PORT: '9092',
      KAFKA_SERVICE_PORT_TCP_CLIENT: '9092',
      KAFKA_PORT: 'tcp://10.0.0.1:9092',
      KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
      KAFKA_HEADLESS_PORT_9092_TCP: 'tcp://10.0.0.1:9092',
      KAFKA_UI_SERVICE_HOST: '10.0.0.2',
      KAFKA_BROKERS: 'a:9092',
    })
    expect([layer.values, warnings]).toEqual([{}, []])
  })

  test('warns of what looks like a key, and names a likely one only', () => {
    const { layer, warnings } = readEnvironment({ KAFKA_NUM_PARTITION: '3', KAFKA_FLAVOUR: 'x' })
    expect(layer.values).toEqual({})
    expect(warnings).toEqual([
      "KAFKA_NUM_PARTITION is ignored: there is no configuration 'num.partition'. Did you mean KAFKA_NUM_PARTITIONS?",
      "KAFKA_FLAVOUR is ignored: there is no configuration 'flavour'.",
    ])
  })

  test('reads two underscores as one, three as a dash', () => {
    const { warnings } = readEnvironment({ KAFKA_A__B___C_D: 'x' })
    expect(warnings[0]).toContain("'a_b-c.d'")
  })
})

describe('nearest', () => {
  test('finds a dropped, doubled, replaced or swapped letter', () => {
    for (const typed of ['protile', 'profle', 'proffile', 'porfile', 'PROFILE']) {
      expect(nearest(typed, ['port', 'profile', 'data'])).toBe('profile')
    }
  })

  test('knows when nothing is near', () => {
    expect(nearest('zebra', ['port', 'profile'])).toBeUndefined()
    expect(nearest('zebra', [])).toBeUndefined()
    expect(nearest('no', ['on', 'of'])).toBeUndefined()
    const long = 'group.coordinator.rebalance.protocols'
    expect(nearest(`xxxx${long}`, [long])).toBeUndefined()
    expect(nearest(`xxx${long}`, [long])).toBe(long)
  })
})

describe('profiles', () => {
  test.each(profileNames)('%s has valid values, and internal topics that fit one node', (name) => {
    const config = new BrokerConfig([profileLayer(name)])
    expect(config.get('offsets.topic.replication.factor')).toBe(1)
    expect(config.get('transaction.state.log.min.isr')).toBe(1)
  })

  test('prod is what Kafka does, dev and test do not wait', () => {
    const delay = (name: (typeof profileNames)[number]): number =>
      new BrokerConfig([profileLayer(name)]).get('group.initial.rebalance.delay.ms')
    expect(profileNames.map(delay)).toEqual([0, 0, 3000])
  })

  test('internal topics have up to three replicas where there are nodes for them', () => {
    const config = new BrokerConfig([profileLayer('prod', 5)])
    expect(config.get('offsets.topic.replication.factor')).toBe(3)
    expect(config.get('transaction.state.log.min.isr')).toBe(2)
  })
})
