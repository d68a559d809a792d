/**
 * Compiles a schema at one version into the source of a decoder and an encoder, once, when first asked for.
 *
 * This is the only place that generates code, and only our own schemas feed it. Where generating is forbidden, codecs
 * composed of closures take over; both give the same bytes and values.
 */

import { composeCodec } from './composed-codec.ts'
import { decoderSource } from './decoder-source.ts'
import { encoderSource } from './encoder-source.ts'
import { errorCodeOf, errorNameOf } from './errors.ts'
import { layoutOf, mayNotBeNull, noRoom, type StructLayout } from './layout.ts'
import { Reader } from './reader.ts'
import type {
  Api,
  Message,
  MessageInput,
  MessageOf,
  RequestInput,
  RequestOf,
  ResponseOf,
  ResponseOutput,
} from './schema.ts'
import { Writer } from './writer.ts'

export interface Codec<Output, Input> {
  /** Reads from the reader's position, and leaves it after the last byte. Throws a ProtocolViolation. */
  decode(reader: Reader): Output
  /** Throws a TypeError for a value that the schema or the version has no room for. */
  encode(writer: Writer, value: Input): void
}

type AnyCodec = Codec<unknown, unknown>

const compiled = new WeakMap<Message, AnyCodec[]>()

/** The codec of a message at a version that it has. */
export function codecOf<M extends Message>(
  message: M,
  version: number,
): Codec<MessageOf<M>, MessageInput<M>> {
  let codecs = compiled.get(message)
  if (codecs === undefined) {
    codecs = []
    compiled.set(message, codecs)
  }
  const codec = (codecs[version] ??= makeCodec(message, version))
  return codec as Codec<MessageOf<M>, MessageInput<M>>
}

function makeCodec(message: Message, version: number): AnyCodec {
  const layout = layoutOf(message, version)
  try {
    return generateCodec(layout, `${message.name}${version}`)
  } catch (error) {
    if (error instanceof EvalError) return composeCodec(layout)
    throw error
  }
}

const runtime = {
  errorCodeOf,
  errorNameOf,
  noBytes: Buffer.alloc(0),
  mayNotBeNull,
  noRoom,
}

/** `name` shows in stack traces and profiles. Throws an EvalError where code may not be generated. */
export function generateCodec(layout: StructLayout, name: string): AnyCodec {
  const source = `'use strict'
const { ${Object.keys(runtime).join(', ')} } = runtime
${decoderSource(layout, `decode${name}`)}
${encoderSource(layout, `encode${name}`)}
return { decode: decode${name}, encode: encode${name} }`
  return new Function('runtime', source)(runtime) as AnyCodec
}

export function decodeRequest<A extends Api>(
  api: A,
  version: number,
  reader: Reader,
): RequestOf<A> {
  return codecOf<A['request']>(api.request, version).decode(reader)
}

export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  writer: Writer,
  request: RequestInput<A>,
): void {
  codecOf<A['request']>(api.request, version).encode(writer, request)
}

export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  reader: Reader,
): ResponseOutput<A> {
  return codecOf<A['response']>(api.response, version).decode(reader)
}

export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  writer: Writer,
  response: ResponseOf<A>,
): void {
  codecOf<A['response']>(api.response, version).encode(writer, response)
}

/** A body alone, in a Buffer of its own. */
export function encodeMessage<M extends Message>(
  message: M,
  version: number,
  value: MessageInput<M>,
): Buffer {
  const writer = new Writer()
  codecOf(message, version).encode(writer, value)
  return writer.copy()
}

/** A body that begins at the buffer's start; what lies after it is left alone. Bytes fields are slices of the buffer. */
export function decodeMessage<M extends Message>(
  message: M,
  version: number,
  buffer: Buffer,
): MessageOf<M> {
  return codecOf(message, version).decode(new Reader(buffer))
}
