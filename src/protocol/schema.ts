/**
 * The message DSL: an API's request and response, all versions in one schema, and the types that follow from it.
 *
 * The words are those of Kafka's message specs. A field has the versions that it is in (`0+` when not said), and options:
 * - `nullable`: the versions in which it may be null.
 * - `default`: what it is where it is absent. Without one: 0, false, '', no bytes, the zero uuid, no elements, a struct of
 *   defaults; null for records. A field whose default is stated may be left out when writing.
 * - `tag`, `tagged`: its number and the versions in which it lies in the tag section at the end of its struct (KIP-482).
 * - `ignorable`: a value that a version has no room for is dropped when writing; otherwise writing it throws.
 * - `flexible`: the versions in which its length is compact, where they are not the message's.
 * A schema is a finite tree of plain values: no message holds itself, so the depth of decoding is the depth of its schema.
 */

import type { ErrorName } from './errors.ts'
import { parseVersions, type VersionRange } from './versions.ts'

export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint16'
  | 'uint32'
  | 'float64'
  | 'uuid'
  | 'errorCode'

export type FieldType = ScalarType | 'string' | 'bytes' | 'records' | 'array' | 'struct'

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

export interface FieldOptions<Value> {
  readonly nullable?: string
  readonly default?: Value | null
  readonly tag?: number
  readonly tagged?: string
  readonly ignorable?: boolean
  readonly flexible?: string
}

/** What the codecs see of a field: its options with ranges parsed and defaults filled in. */
export class Field<Decoded = unknown, Encodable = unknown, Optional extends boolean = boolean> {
  declare readonly decoded: Decoded
  declare readonly encodable: Encodable
  declare readonly optional: Optional
  readonly type: FieldType
  readonly versions: VersionRange
  readonly nullable: VersionRange
  readonly tagged: VersionRange
  readonly tag: number
  readonly ignorable: boolean
  /** Undefined: as the message. */
  readonly flexible: VersionRange | undefined
  /** Undefined for a struct, whose default are its fields' defaults, unless it is null. */
  readonly default: unknown
  /** Of an array. */
  readonly element: Field | undefined
  /** Of a struct. */
  readonly fields: Fields | undefined

  constructor(
    type: FieldType,
    versions: string,
    options: FieldOptions<unknown> = {},
    inner?: Field | Fields,
  ) {
    this.type = type
    this.versions = parseVersions(versions)
    this.nullable = parseVersions(options.nullable ?? 'none')
    this.tagged = parseVersions(options.tagged ?? 'none')
    this.tag = options.tag ?? -1
    this.ignorable = options.ignorable ?? false
    this.flexible = options.flexible === undefined ? undefined : parseVersions(options.flexible)
    this.default = defaultOf(type, options)
    this.element = inner instanceof Field ? inner : undefined
    this.fields = inner instanceof Field ? undefined : inner
    if ((options.tag === undefined) !== (options.tagged === undefined)) {
      throw new TypeError('A tagged field has both a tag and the versions in which it is tagged.')
    }
  }
}

export interface Fields {
  readonly [name: string]: Field
}

const unstatedDefaults: Record<FieldType, unknown> = {
  bool: false,
  int8: 0,
  int16: 0,
  int32: 0,
  int64: 0n,
  uint16: 0,
  uint32: 0,
  float64: 0,
  uuid: ZERO_UUID,
  errorCode: 'NONE',
  string: '',
  bytes: Buffer.alloc(0),
  records: null,
  array: [],
  struct: undefined,
}

function defaultOf(type: FieldType, options: FieldOptions<unknown>): unknown {
  const stated = options.default
  if (stated === undefined) return unstatedDefaults[type]
  if (stated === null) {
    if (options.nullable !== undefined || type === 'records') return null
    throw new TypeError('A field that is never null has null as its default.')
  }
  if (type === 'int64') return BigInt(stated as number | bigint)
  return type === 'struct' ? undefined : stated
}

type OrNull<Value, Options> = Options extends { nullable: string } ? Value | null : Value
type Stated<Options> = Options extends { default: unknown } ? true : false
type NoOptions = Record<never, never>

type ScalarField<Decoded, Encodable, Options> = Field<
  OrNull<Decoded, Options>,
  OrNull<Encodable, Options>,
  Stated<Options>
>

function scalar<Decoded, Encodable = Decoded>(type: FieldType) {
  return <const Options extends FieldOptions<Encodable> = NoOptions>(
    versions = '0+',
    options?: Options,
  ): ScalarField<Decoded, Encodable, Options> => new Field(type, versions, options)
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const int32 = scalar<number>('int32')
/** A bigint when read; a bigint or a safe integer when written. */
export const int64 = scalar<bigint, bigint | number>('int64')
export const uint16 = scalar<number>('uint16')
export const uint32 = scalar<number>('uint32')
export const float64 = scalar<number>('float64')
export const string = scalar<string>('string')
/** A slice of what was read: copy it to keep it longer than the frame. */
export const bytes = scalar<Buffer>('bytes')
/** 22 characters of URL-safe base64. */
export const uuid = scalar<string>('uuid')
/** An int16 on the wire, a name to us. */
export const errorCode = scalar<ErrorName>('errorCode')

type RecordsInput = Buffer | readonly Buffer[] | null

/** Record batches, not looked into: a slice of what was read; when written, large Buffers are sent by reference. */
export function records<const Options extends FieldOptions<RecordsInput> = NoOptions>(
  versions = '0+',
  options?: Options,
): Field<Buffer | null, RecordsInput, Stated<Options>> {
  return new Field('records', versions, options)
}

export function array<Element extends Field, const Options extends ArrayOptions = NoOptions>(
  versions: string,
  element: Element,
  options?: Options,
): Field<
  OrNull<Element['decoded'][], Options>,
  OrNull<readonly Element['encodable'][], Options>,
  Stated<Options>
>
export function array<Inner extends Fields, const Options extends ArrayOptions = NoOptions>(
  versions: string,
  fields: Inner,
  options?: Options,
): Field<
  OrNull<Decoded<Inner>[], Options>,
  OrNull<readonly Encodable<Inner>[], Options>,
  Stated<Options>
>
export function array(versions: string, inner: Field | Fields, options?: ArrayOptions): Field {
  const element = inner instanceof Field ? inner : new Field('struct', '0+', {}, inner)
  return new Field('array', versions, options, element)
}

type ArrayOptions = FieldOptions<readonly []>

export function struct<
  const Inner extends Fields,
  const Options extends FieldOptions<Readonly<NoOptions>> = NoOptions,
>(
  versions: string,
  fields: Inner,
  options?: Options,
): Field<OrNull<Decoded<Inner>, Options>, OrNull<Encodable<Inner>, Options>, Stated<Options>> {
  return new Field('struct', versions, options, fields)
}

/** What reading gives: every field is there. */
export type Decoded<Inner extends Fields> = {
  -readonly [Name in keyof Inner]: Inner[Name]['decoded']
}

type RequiredName<Inner extends Fields> = {
  [Name in keyof Inner]: Inner[Name]['optional'] extends true ? never : Name
}[keyof Inner]

type OptionalName<Inner extends Fields> = {
  [Name in keyof Inner]: Inner[Name]['optional'] extends true ? Name : never
}[keyof Inner]

/** What writing takes: a field whose default is stated may be left out. */
export type Encodable<Inner extends Fields> = Flat<
  { readonly [Name in RequiredName<Inner>]: Inner[Name]['encodable'] } & {
    readonly [Name in OptionalName<Inner>]?: Inner[Name]['encodable'] | undefined
  }
>

type Flat<Value> = { [Name in keyof Value]: Value[Name] }

/** A body of its own: a request, a response, a header, or what is kept inside of records and files. */
export interface Message<Inner extends Fields = Fields> {
  readonly name: string
  readonly versions: VersionRange
  readonly flexible: VersionRange
  readonly fields: Inner
  /** Of an API, or the type of a record of an internal topic. */
  readonly apiKey: number | undefined
}

export type MessageOf<M extends Message> = Decoded<M['fields']>
export type MessageInput<M extends Message> = Encodable<M['fields']>

export function message<const Inner extends Fields>(definition: {
  name: string
  versions: string
  flexible?: string
  apiKey?: number
  fields: Inner
}): Message<Inner> {
  return {
    name: definition.name,
    versions: parseVersions(definition.versions),
    flexible: parseVersions(definition.flexible ?? 'none'),
    fields: definition.fields,
    apiKey: definition.apiKey,
  }
}

export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> {
  readonly key: number
  readonly name: string
  /** What the schema knows; what is served is the handler's to say. */
  readonly versions: VersionRange
  /** From here on headers too are flexible. */
  readonly flexible: VersionRange
  readonly request: Message<Request>
  readonly response: Message<Response>
}

export function api<const Request extends Fields, const Response extends Fields>(definition: {
  key: number
  name: string
  versions: string
  flexible: string
  request: Request
  response: Response
}): Api<Request, Response> {
  const { key, name, versions, flexible } = definition
  const half = { versions, flexible, apiKey: key }
  return {
    key,
    name,
    versions: parseVersions(versions),
    flexible: parseVersions(flexible),
    request: message({ ...half, name: `${name}Request`, fields: definition.request }),
    response: message({ ...half, name: `${name}Response`, fields: definition.response }),
  }
}

/** What a handler is given. */
export type RequestOf<A extends Api> = MessageOf<A['request']>
/** What a handler returns. */
export type ResponseOf<A extends Api> = MessageInput<A['response']>
/** What a client writes. */
export type RequestInput<A extends Api> = MessageInput<A['request']>
/** What a client reads. */
export type ResponseOutput<A extends Api> = MessageOf<A['response']>
