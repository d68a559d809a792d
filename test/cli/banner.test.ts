import { expect, test } from 'vitest'
import { banner } from '../../src/cli/banner.ts'

const facts = {
  version: '1.2.3',
  listens: ['localhost:9092'],
  advertised: [],
  folder: '/srv/data',
  profile: 'dev',
  clusterId: 'abcdefghijklmnopqrstuv',
  topics: [],
  inert: [],
}

test('says where it listens, where the data is, and what to paste', () => {
  const text = banner(facts)
  expect(text).toContain('listens on localhost:9092\n')
  expect(text).toContain('/srv/data\n')
  expect(text).toContain('abcdefghijklmnopqrstuv')
  expect(text).toContain('kcat -b localhost:9092 -C -t greetings')
  expect(text).not.toContain('ignored')
  expect(text).not.toContain('clients')
})

test('says that memory goes, names a topic that is there, and lists what has no effect in one line', () => {
  const text = banner({
    ...facts,
    folder: null,
    topics: ['orders', 'users'],
    inert: ['num.io.threads', 'zookeeper.connect'],
  })
  expect(text).toContain('in memory, gone when it stops')
  expect(text).toContain('-t orders -e')
  expect(text).toContain('ignored  num.io.threads, zookeeper.connect (')
})

test('names what is advertised, pastes one address, and no internal topic', () => {
  const text = banner({
    ...facts,
    listens: ['localhost:9092', 'localhost:9093'],
    advertised: ['kafka.example:19092'],
    topics: ['__consumer_offsets'],
  })
  expect(text).toContain('listens on localhost:9092, localhost:9093\n')
  expect(text).toContain('  clients  are sent on to kafka.example:19092\n')
  expect(text).toContain('kcat -b localhost:9092 -P -t greetings\n')
})
