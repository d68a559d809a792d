import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { brokerKeys } from '../../../src/broker/config/broker-keys.ts'
import { honouredKeys } from '../../../src/broker/config/honoured-keys.ts'
import { brokerKeysBehind, isTopicKey } from '../../../src/broker/config/topic-config.ts'

const src = fileURLToPath(new URL('../../../src', import.meta.url))

/** Every key that code asks a configuration for, with the keys of the broker behind those of a topic. */
function keysRead(): Set<string> {
  const found = new Set<string>()
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const text = readFileSync(join(src, file), 'utf8')
    for (const [, name] of text.matchAll(/\b(?:get|text|source)\('([a-z.]+)'\)/g)) {
      found.add(name!)
      if (isTopicKey(name!)) for (const key of brokerKeysBehind(name)) found.add(key)
    }
  }
  return found
}

test('every honoured key exists and is read by code', () => {
  const read = keysRead()
  expect([...honouredKeys].filter((key) => !Object.hasOwn(brokerKeys, key))).toEqual([])
  expect([...honouredKeys].filter((key) => !read.has(key))).toEqual([])
})
