import { describe, expect, expectTypeOf, it } from 'vitest'
import type { ErrorName } from '../../src/protocol/errors.ts'
import { Fetch } from '../../src/protocol/messages/01-fetch.ts'
import { Heartbeat } from '../../src/protocol/messages/12-heartbeat.ts'
import {
  type Api,
  array,
  type Decoded,
  type Encodable,
  Field,
  int32,
  int64,
  message,
  type MessageInput,
  type MessageOf,
  records,
  type RequestOf,
  type ResponseOf,
  type ResponseOutput,
  string,
  struct,
} from '../../src/protocol/schema.ts'

describe('types that follow from a schema', () => {
  it('reading gives every field', () => {
    type Partition = RequestOf<typeof Fetch>['topics'][number]['partitions'][number]
    expectTypeOf<Partition['fetchOffset']>().toEqualTypeOf<bigint>()
    expectTypeOf<RequestOf<typeof Fetch>['clusterId']>().toEqualTypeOf<string | null>()
    expectTypeOf<ResponseOutput<typeof Heartbeat>>().toEqualTypeOf<{
      throttleTimeMs: number
      errorCode: ErrorName
    }>()
  })

  it('writing may leave out what has a default', () => {
    expectTypeOf<{ errorCode: 'NONE' }>().toExtend<ResponseOf<typeof Heartbeat>>()
    expectTypeOf<{ throttleTimeMs: number }>().not.toExtend<ResponseOf<typeof Heartbeat>>()
    expectTypeOf<{ errorCode: 'NO_ERROR' }>().not.toExtend<ResponseOf<typeof Heartbeat>>()
    type Partition = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]
    expectTypeOf<Partition['highWatermark']>().toEqualTypeOf<bigint | number>()
    expectTypeOf<Partition['records']>().toEqualTypeOf<Buffer | readonly Buffer[] | null>()
    expectTypeOf<Partition['logStartOffset']>().toEqualTypeOf<bigint | number | undefined>()
  })

  it('what was read can be written', () => {
    const fields = {
      id: int64('1+', { default: -1n }),
      names: array('0+', string(), { nullable: '1+' }),
      place: struct(
        '0+',
        { x: int32(), y: int32('0+', { default: 3 }) },
        { nullable: '0+', default: null },
      ),
      records: records(),
    }
    const sample = message({ name: 'Sample', versions: '0-1', fields })
    expectTypeOf<MessageOf<typeof sample>>().toExtend<MessageInput<typeof sample>>()
    expectTypeOf<Decoded<typeof fields>>().toEqualTypeOf<{
      id: bigint
      names: string[] | null
      place: { x: number; y: number } | null
      records: Buffer | null
    }>()
    expectTypeOf<{ names: null; records: null }>().toExtend<Encodable<typeof fields>>()
  })

  it('any API is an Api', () => {
    expectTypeOf<typeof Fetch>().toExtend<Api>()
    expect([Fetch, Heartbeat].map(({ key }) => key)).toEqual([1, 12])
  })
})

describe('a schema that makes no sense is refused when it is made', () => {
  it('null as the default of what is never null', () => {
    expect(() => string('0+', { default: null })).toThrow('has null as its default')
  })

  it('a tag without versions, or the other way round', () => {
    expect(() => string('0+', { tag: 0 })).toThrow(TypeError)
    expect(() => string('0+', { tagged: '1+' })).toThrow(TypeError)
  })

  it('a version range that is none', () => {
    expect(() => int32('1..2')).toThrow(TypeError)
    expect(() => new Field('int32', '0+', { nullable: 'x' })).toThrow(TypeError)
  })
})
