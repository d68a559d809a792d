import { describe, expect, it } from 'vitest'
import { apiTable } from '../../src/protocol/api-table.ts'
import { errors } from '../../src/protocol/errors.ts'
import { type FieldLayout, layoutOf, type StructLayout } from '../../src/protocol/layout.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { commonVersions, hasVersion, parseVersions } from '../../src/protocol/versions.ts'
import { report } from '../report.ts'
import { apis, embedded, messages, versionsOf } from './known-messages.ts'
import {
  hasOracles,
  type Spec,
  type SpecField,
  specApis,
  specNames,
  specsOf,
  table,
} from './oracles.ts'

const handWritten = 'src/protocol/header.ts reads and writes it, for every frame'
const renamed = 'Kafka 4.1 named it ListConfigResources, which has its version 0'

/**
 * Where schemas differ from Kafka's on purpose: versions that are left out, all of them when none are given. There is no other
 * list, but for the APIs that the API table says are not here, and why.
 */
const excused: Record<string, { versions?: number[]; reason: string }> = {
  InitProducerIdRequest: { versions: [6], reason: 'KIP-939 is not stable in Kafka 4.4' },
  InitProducerIdResponse: { versions: [6], reason: 'KIP-939 is not stable in Kafka 4.4' },
  RequestHeader: { reason: handWritten },
  ResponseHeader: { reason: handWritten },
  ListClientMetricsResourcesRequest: { reason: renamed },
  ListClientMetricsResourcesResponse: { reason: renamed },
  QuorumStateData: { reason: 'lies on disk as JSON text, never as these bytes' },
}
for (const { name, absence: reason } of apiTable) {
  if (reason === undefined) continue
  excused[`${name}Request`] = { reason }
  excused[`${name}Response`] = { reason }
}

/** A field as one line, at one version. */
interface Line {
  path: string
  type: string
  tag: number | undefined
  nullable: boolean
  compact: boolean
  default: unknown
  ignorable: boolean
}

function versionsIn(spec: Spec): number[] {
  const { min, max } = parseVersions(spec.validVersions)
  return Array.from({ length: max - min + 1 }, (_, index) => min + index)
}

function specAt(specs: Spec[], version: number): Spec {
  const spec = specs.find(({ validVersions }) => hasVersion(parseVersions(validVersions), version))
  if (spec === undefined) throw new Error(`no spec has version ${version}`)
  return spec
}

const SIZED = ['string', 'bytes', 'records']

function specLines(spec: Spec, version: number): Line[] {
  const flexible = hasVersion(parseVersions(spec.flexibleVersions), version)
  const structs = new Map(spec.commonStructs?.map(({ name, fields }) => [name, fields]))
  const walk = (fields: SpecField[], prefix: string): Line[] =>
    fields.flatMap((field) => {
      if (!hasVersion(parseVersions(field.versions), version)) return []
      const path = prefix + field.name.charAt(0).toLowerCase() + field.name.slice(1)
      const element = field.type.replace(/^\[\]/, '')
      const isArray = element !== field.type
      const isStruct = /^[A-Z]/.test(element)
      const tagged = hasVersion(parseVersions(field.taggedVersions ?? 'none'), version)
      const sized = isArray || SIZED.includes(element)
      const ownFlexible = field.flexibleVersions
      const line: Line = {
        path,
        type: `${isArray ? '[]' : ''}${isStruct ? 'struct' : element}`,
        tag: tagged ? field.tag : undefined,
        nullable: hasVersion(parseVersions(field.nullableVersions ?? 'none'), version),
        compact:
          sized && (ownFlexible ? hasVersion(parseVersions(ownFlexible), version) : flexible),
        default: specDefault(field),
        ignorable: field.ignorable ?? false,
      }
      const inner = field.fields ?? structs.get(element) ?? []
      return [line, ...walk(inner, `${path}.`)]
    })
  return walk(spec.fields, '')
}

function specDefault({ type, default: stated }: SpecField): unknown {
  if (stated === 'null') return null
  if (type.startsWith('[]')) return '[]'
  if (/^[A-Z]/.test(type)) return '{}'
  if (type === 'bool') return stated === 'true'
  if (type === 'string') return stated ?? ''
  if (type === 'bytes') return 'no bytes'
  if (type === 'records') return null
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  return BigInt(stated ?? 0)
}

function ourLines(layout: StructLayout): Line[] {
  return layout.fields.flatMap((field) => {
    if (field.place === 'absent') return []
    const { element } = field
    const type = (element ?? field).type.replace('errorCode', 'int16')
    const sized = element !== undefined || SIZED.includes(type)
    const line: Line = {
      path: field.path,
      type: element ? `[]${type}` : type,
      tag: field.place === 'tagged' ? field.tag : undefined,
      nullable: field.nullable,
      compact: sized && field.compact,
      default: ourDefault(field),
      ignorable: field.ignorable,
    }
    const inner = field.struct ?? element?.struct
    return [line, ...(inner ? ourLines(inner) : [])]
  })
}

function ourDefault({ type, default: value }: FieldLayout): unknown {
  if (value === null) return null
  if (type === 'array') return '[]'
  if (type === 'struct') return '{}'
  if (type === 'bytes') return 'no bytes'
  if (type === 'errorCode') return BigInt(errors.find(({ name }) => name === value)!.code)
  return typeof value === 'number' ? BigInt(value) : value
}

/** Paths that are there in all versions of a message: of these `ignorable` says nothing. */
function everywhere(message: Message): Set<string> {
  const [first = [], ...rest] = versionsOf(message).map((version) =>
    ourLines(layoutOf(message, version)).map(({ path }) => path),
  )
  return new Set(first.filter((path) => rest.every((paths) => paths.includes(path))))
}

/** As the newest spec that has the field says. */
function ignorablePaths(specs: Spec[]): Set<string> {
  const stated = new Map<string, boolean>()
  for (const spec of specs) {
    for (const line of versionsIn(spec).flatMap((version) => specLines(spec, version))) {
      if (!stated.has(line.path)) stated.set(line.path, line.ignorable)
    }
  }
  return new Set([...stated].filter(([, ignorable]) => ignorable).map(([path]) => path))
}

const compared = { messages: 0, versions: 0, fields: 0 }

function compare(message: Message): void {
  const specs = specsOf(message.name)
  const all = new Set(specs.flatMap(versionsIn))
  const without = excused[message.name]?.versions ?? []
  expect(versionsOf(message)).toEqual(
    [...all].filter((v) => !without.includes(v)).sort((a, b) => a - b),
  )
  const always = everywhere(message)
  const ignorable = ignorablePaths(specs)
  const ours = (line: Line): Line => ({
    ...line,
    ignorable: line.ignorable && !always.has(line.path),
  })
  const theirs = (line: Line): Line => ours({ ...line, ignorable: ignorable.has(line.path) })
  for (const version of versionsOf(message)) {
    const spec = specAt(specs, version)
    const layout = layoutOf(message, version)
    expect(layout.flexible).toBe(hasVersion(parseVersions(spec.flexibleVersions), version))
    const lines = ourLines(layout)
    expect(lines.map(ours), `${message.name} v${version}`).toEqual(
      specLines(spec, version).map(theirs),
    )
    compared.versions++
    compared.fields += lines.length
  }
  compared.messages++
}

describe.skipIf(!hasOracles)("parity with Kafka's message specs", () => {
  it.each(messages.map((message) => [message.name, message] as const))('%s', (_name, message) => {
    compare(message)
  })

  it('covers every message, and says how much that is', () => {
    expect(compared.messages).toBe(2 * apis.length + embedded.length)
    expect(compared.fields).toBeGreaterThan(5900)
    report(
      `parity with Kafka's message specs: ${apis.length} APIs and ${embedded.length} embedded messages, ` +
        `${compared.versions} versions of requests, responses and records, ${compared.fields} fields, ` +
        `0 unexplained differences; ${Object.keys(excused).length} messages left out, or versions of them, each for a reason`,
    )
  })

  it("leaves none of Kafka's messages out without a reason", () => {
    const left = Object.keys(excused).filter((name) => excused[name]!.versions === undefined)
    expect([...messages.map(({ name }) => name), ...left].sort()).toEqual(specNames())
  })

  it('excuses no version that is not there', () => {
    for (const [name, { versions = [] }] of Object.entries(excused)) {
      const known = specsOf(name).flatMap(versionsIn)
      expect(versions.filter((version) => !known.includes(version))).toEqual([])
    }
  })

  it.each(apis.map((api) => [api.name, api] as const))('%s has its key', (name, { key }) => {
    expect(specsOf(`${name}Request`)[0]!.apiKey).toBe(key)
    expect(specsOf(`${name}Response`)[0]!.apiKey).toBe(key)
  })

  it.each(embedded.map((message) => [message.name, message] as const))(
    '%s has its record type',
    (name, { apiKey }) => {
      expect(apiKey).toBe(specsOf(name)[0]!.apiKey)
    },
  )
})

describe.skipIf(!hasOracles)("parity with Kafka's tables", () => {
  it('has every error code', () => {
    const ours = errors.map(({ code, name, retriable }) => [`${code}`, name, `${retriable}`])
    expect(ours).toEqual(table('errors').map((row) => row.slice(0, 3)))
  })

  it('has every API key', () => {
    const rows = table('api-keys').map(([key, name, oldest, latest, , , , , listeners]) => ({
      key: Number(key),
      name,
      kafkaVersions: parseVersions(oldest === '-' ? 'none' : `${oldest}-${latest}`),
      listeners: listenersOf(listeners!),
    }))
    expect(
      apiTable.map(({ key, name, kafkaVersions, listeners }) => ({
        key,
        name,
        kafkaVersions,
        listeners,
      })),
    ).toEqual(rows)
  })

  it('knows from which version on an API is flexible', () => {
    for (const { apiKey, flexible } of specApis()) {
      expect(apiTable[apiKey]!.flexible).toEqual(parseVersions(flexible))
    }
  })
})

function listenersOf(text: string): string {
  const names = text.slice(1, -1).toLowerCase()
  return names === '' ? 'none' : names.includes(',') ? 'both' : names
}

describe('the API table', () => {
  it('gives a reason for each API that has no schema, and none for the others', () => {
    const here = apiTable.filter(({ absence }) => absence === undefined)
    expect(here.map(({ key, name }) => [key, name])).toEqual(
      apis.map(({ key, name }) => [key, name]),
    )
    for (const { flexible, key } of apis) expect(flexible).toEqual(apiTable[key]!.flexible)
  })

  it('knows all stable versions of Kafka, and may know older ones', () => {
    for (const { key, versions } of apis) {
      const { kafkaVersions } = apiTable[key]!
      expect(commonVersions(versions, kafkaVersions)).toEqual(kafkaVersions)
      expect(versions.min).toBe(0)
      expect(versions.max).toBe(kafkaVersions.max)
    }
  })
})
