import { expect, test } from 'vitest'
import { banner } from '../../src/cli/banner.ts'

const facts = {
  version: '1.2.3',
  bootstrap: 'localhost:9092',
  folder: '/srv/data',
  profile: 'dev',
  clusterId: 'abcdefghijklmnopqrstuv',
  topics: [],
  inertKeys: [],
}

test('says where it listens, where the data is, and what to paste', () => {
  const text = banner(facts)
  expect(text).toContain('listens on localhost:9092\n')
  expect(text).toContain('/srv/data\n')
  expect(text).toContain('abcdefghijklmnopqrstuv')
  expect(text).toContain('kcat -b localhost:9092 -C -t greetings')
  expect(text).not.toContain('ignored')
})

test('says that memory goes, names a topic that is there, and lists what has no effect in one line', () => {
  const text = banner({
    ...facts,
    folder: null,
    topics: ['orders', 'users'],
    inertKeys: ['num.io.threads', 'zookeeper.connect'],
  })
  expect(text).toContain('in memory, gone when it stops')
  expect(text).toContain('-t orders -e')
  expect(text).toContain('ignored  num.io.threads, zookeeper.connect (')
})
