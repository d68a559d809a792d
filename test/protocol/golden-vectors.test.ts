import { deepStrictEqual } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { generateCodec, codecOf } from '../../src/protocol/compile.ts'
import { errors } from '../../src/protocol/errors.ts'
import { frameSizeAt, requestFrame, responseFrame } from '../../src/protocol/frame.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  type RequestHeaderVersion,
  requestHeaderVersion,
  type ResponseHeaderVersion,
  responseHeaderVersion,
} from '../../src/protocol/header.ts'
import { type FieldLayout, layoutOf, type StructLayout } from '../../src/protocol/layout.ts'
import { Reader } from '../../src/protocol/reader.ts'
import { Field, type Fields, type Message } from '../../src/protocol/schema.ts'
import { hasVersion } from '../../src/protocol/versions.ts'
import { Writer } from '../../src/protocol/writer.ts'
import { report } from '../report.ts'
import { apis, messages, versionsOf } from './known-messages.ts'
import { frameVectors, hasOracles, type Vector, vectorsOf } from './oracles.ts'
import { expected, type Struct } from './stated-values.ts'
import { knowingAllTags, UNKNOWN_TAGS } from './unknown-tags.ts'

/** The same schema with error codes as plain numbers: vectors carry codes that have no name. */
function withoutNames(message: Message): Message {
  return { ...message, fields: fieldsWithoutNames(message.fields) }
}

function fieldsWithoutNames(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, plain(field)]))
}

function plain(field: Field): Field {
  const twin = Object.create(Field.prototype) as Field
  const isCode = field.type === 'errorCode'
  return Object.assign(twin, field, {
    type: isCode ? 'int16' : field.type,
    default: isCode ? 0 : field.default,
    element: field.element && plain(field.element),
    fields: field.fields && fieldsWithoutNames(field.fields),
  })
}

const codes = new Set(errors.map(({ code }) => code))

/** Whether every error code in a value has a name, so that it can be written again. */
function hasOnlyKnownCodes(layout: StructLayout, value: Struct): boolean {
  const known = (field: FieldLayout, part: unknown): boolean => {
    if (part === undefined || part === null) return true
    if (field.type === 'errorCode') return codes.has(part as number)
    if (field.type === 'struct') return hasOnlyKnownCodes(field.struct!, part as Struct)
    if (field.type !== 'array') return true
    return (part as unknown[]).every((element) => known(field.element!, element))
  }
  return layout.fields.every((field) => known(field, value[field.name]))
}

const checked = { read: 0, written: 0 }

function check(message: Message, plainMessage: Message, vector: Vector): void {
  const { version, value } = vector
  const bytes = Buffer.from(vector.hex, 'hex')
  const layout = layoutOf(message, version)
  const codec = codecOf(message, version)
  const reader = new Reader(bytes)
  const decoded = codec.decode(reader)
  deepStrictEqual(decoded, expected(layout, value))
  expect(reader.remaining).toBe(0)
  checked.read++

  const known = knowingAllTags(layoutOf(plainMessage, version), value)
  const writer = new Writer()
  generateCodec(known.layout, 'Plain').encode(writer, expected(known.layout, known.value))
  expect(writer.copy().toString('hex')).toBe(vector.hex)
  checked.written++
  if (JSON.stringify(value).includes(UNKNOWN_TAGS) || !hasOnlyKnownCodes(layout, value)) return
  const again = new Writer()
  codec.encode(again, decoded)
  expect(again.copy().toString('hex')).toBe(vector.hex)
}

describe.skipIf(!hasOracles)('golden vectors', () => {
  it.each(messages.map((message) => [message.name, message] as const))('%s', (name, message) => {
    const vectors = vectorsOf(name).filter(({ version }) => hasVersion(message.versions, version))
    const plainMessage = withoutNames(message)
    const versions = new Set(vectors.map(({ version }) => version))
    expect([...versions].sort((a, b) => a - b)).toEqual(versionsOf(message))
    for (const vector of vectors) {
      try {
        check(message, plainMessage, vector)
      } catch (cause) {
        throw new Error(`${name} v${vector.version} ${vector.case}`, { cause })
      }
    }
  })

  it('says how many they were', () => {
    expect(checked.read).toBeGreaterThan(2900)
    expect(checked.written).toBe(checked.read)
    report(
      `golden bytes: ${checked.read} vectors of ${messages.length} messages read, ` +
        `${checked.written} written to the same bytes, 0 differences`,
    )
  })
})

describe.skipIf(!hasOracles)('golden headers', () => {
  it('of requests', () => {
    const vectors = vectorsOf('RequestHeader')
    expect(new Set(vectors.map(({ version }) => version))).toEqual(new Set([0, 1, 2]))
    for (const { version, hex, value } of vectors) {
      const reader = new Reader(Buffer.from(hex, 'hex'))
      const headerVersion = version as RequestHeaderVersion
      const header = decodeRequestHeader(reader, headerVersion)
      expect(header).toEqual({
        apiKey: value.requestApiKey,
        apiVersion: value.requestApiVersion,
        correlationId: value.correlationId,
        clientId: value.clientId ?? null,
      })
      expect(reader.remaining).toBe(0)
      if (UNKNOWN_TAGS in value) continue
      const writer = new Writer()
      encodeRequestHeader(writer, headerVersion, header)
      expect(writer.copy().toString('hex')).toBe(hex)
    }
  })

  it('of responses', () => {
    const vectors = vectorsOf('ResponseHeader')
    expect(new Set(vectors.map(({ version }) => version))).toEqual(new Set([0, 1]))
    for (const { version, hex, value } of vectors) {
      const reader = new Reader(Buffer.from(hex, 'hex'))
      const headerVersion = version as ResponseHeaderVersion
      expect(decodeResponseHeader(reader, headerVersion)).toBe(value.correlationId)
      expect(reader.remaining).toBe(0)
      if (UNKNOWN_TAGS in value) continue
      const writer = new Writer()
      encodeResponseHeader(writer, headerVersion, value.correlationId as number)
      expect(writer.copy().toString('hex')).toBe(hex)
    }
  })
})

describe.skipIf(!hasOracles)('golden frames', () => {
  const frames = (hasOracles ? frameVectors() : []).flatMap((vector) => {
    const api = apis.find(({ key }) => key === vector.api)
    return api && hasVersion(api.versions, vector.version) ? [{ vector, api }] : []
  })

  it.each(
    frames.map(({ vector, api }) => [`${vector.name} v${vector.version}`, vector, api] as const),
  )('%s', (_title, vector, api) => {
    const bytes = Buffer.from(vector.hex, 'hex')
    const { version, correlationId } = vector
    expect(frameSizeAt(bytes, 0, bytes.length)).toBe(bytes.length - 4)
    const reader = new Reader(bytes, 4)
    if (vector.type === 'request') {
      const clientId = vector.clientId ?? null
      expect(requestHeaderVersion(api, version)).toBe(vector.headerVersion)
      const header = decodeRequestHeader(reader, requestHeaderVersion(api, version))
      expect(header).toEqual({ apiKey: api.key, apiVersion: version, correlationId, clientId })
      const request = codecOf(api.request, version).decode(reader)
      const again = requestFrame(api, version, { correlationId, clientId }, request)
      expect(Buffer.concat(again).toString('hex')).toBe(vector.hex)
    } else {
      expect(responseHeaderVersion(api, version)).toBe(vector.headerVersion)
      expect(decodeResponseHeader(reader, responseHeaderVersion(api, version))).toBe(correlationId)
      const response = codecOf(api.response, version).decode(reader)
      const again = responseFrame(api, version, correlationId, response)
      expect(Buffer.concat(again).toString('hex')).toBe(vector.hex)
    }
    expect(reader.remaining).toBe(0)
  })

  it('are many', () => {
    expect(frames.length).toBeGreaterThan(300)
    report(`golden frames: ${frames.length} with their headers read and written to the same bytes`)
  })
})
