import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { brokerKeys } from '../../../src/broker/config/broker-keys.ts'
import type { ConfigKey } from '../../../src/broker/config/config-key.ts'
import { groupResourceKeys } from '../../../src/broker/config/group-resource-keys.ts'
import { odradekKeys } from '../../../src/broker/config/odradek-keys.ts'
import { brokerKeysBehind, type TopicKey } from '../../../src/broker/config/topic-config.ts'
import { topicKeys } from '../../../src/broker/config/topic-keys.ts'

const tables = resolve(process.env.ODRADEK_ORACLES ?? '../shared', 'kafka/tables')

interface Row {
  name: string
  type: string
  defaultText: string
  rule: string
  extra: string
}

function rows(file: string): Row[] {
  const lines = readFileSync(resolve(tables, file), 'utf8').split('\n')
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', type = '', defaultText = '', rule = '', , extra = ''] = line.split('\t')
      return { name, type, defaultText, rule, extra }
    })
}

function printed(key: ConfigKey<unknown>): string {
  if (key.defaultText === null) return 'null'
  if (key.type === 'LIST') return `[${key.defaultText.replaceAll(',', ', ')}]`
  return key.defaultText
}

/** Values on both sides of what a rule's text allows. */
function samples(rule: string): { good: string[]; bad: string[] } {
  const range = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]/.exec(rule)
  if (range) {
    const [min, max] = [BigInt(range[1]!), range[2] === undefined ? undefined : BigInt(range[2])]
    return {
      good: [String(min), String(max ?? min + 1n)],
      bad: [
        String(min - 1n),
        ...(max === undefined || max > 2n ** 31n - 2n ? [] : [`${max + 1n}`]),
      ],
    }
  }
  const words = /^(?:\(case insensitive\) )?\[([A-Za-z][\w, ]*)\]$/.exec(rule)
  return words ? { good: words[1]!.split(', '), bad: ['no-such-word'] } : { good: [], bad: [] }
}

const cases: [string, Readonly<Record<string, ConfigKey<unknown>>>][] = [
  ['broker-configs.tsv', brokerKeys],
  ['topic-configs.tsv', topicKeys],
  ['group-configs.tsv', groupResourceKeys],
]

describe.skipIf(!existsSync(tables))("Kafka's tables of configurations", () => {
  test.each(cases)('%s: every key, with its type and default', (file, keys) => {
    const known = Object.keys(keys).filter((name) => !Object.hasOwn(odradekKeys, name))
    expect(known.sort()).toEqual(
      rows(file)
        .map(({ name }) => name)
        .sort(),
    )
    for (const { name, type, defaultText } of rows(file)) {
      expect([name, keys[name]!.type]).toEqual([name, type])
      if (defaultText === '(required)') continue
      expect([name, printed(keys[name]!)]).toEqual([name, defaultText.replace(/^class /, '')])
    }
  })

  test.each(cases)('%s: values at the edges of what is allowed', (file, keys) => {
    for (const { name, rule } of rows(file)) {
      const { good, bad } = samples(rule)
      for (const text of good) {
        if (text.includes(':')) continue
        expect([name, text, keys[name]!.parse(name, text)]).not.toHaveProperty('2.error')
      }
      for (const text of bad) {
        expect([name, text, keys[name]!.parse(name, text)]).toHaveProperty('2.error')
      }
    }
  })

  test('broker-configs.tsv: what may change while the broker runs', () => {
    for (const { name, extra } of rows('broker-configs.tsv')) {
      const update = extra === '-' ? 'read-only' : extra
      expect([name, (brokerKeys as Record<string, ConfigKey<unknown>>)[name]!.update]).toEqual([
        name,
        update,
      ])
    }
  })

  test("topic-configs.tsv: the broker's key behind each", () => {
    for (const { name, extra } of rows('topic-configs.tsv')) {
      expect([name, brokerKeysBehind(name as TopicKey)[0] ?? '-']).toEqual([name, extra])
    }
  })
})
