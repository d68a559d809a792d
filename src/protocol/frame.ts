/** Frames: an int32 size, then so many bytes. */

import { codecOf } from './compile.ts'
import { ProtocolViolation } from './errors.ts'
import {
  encodeRequestHeader,
  encodeResponseHeader,
  requestHeaderVersion,
  responseHeaderVersion,
} from './header.ts'
import type { Api, RequestInput, ResponseOf } from './schema.ts'
import { Writer } from './writer.ts'

export const FRAME_SIZE_BYTES = 4

/**
 * How many bytes the frame takes that begins at `offset`, its size field left out; undefined while fewer than four bytes
 * are there. To be asked before anything is allocated: throws a ProtocolViolation for a size that no frame may have.
 */
export function frameSizeAt(buffer: Buffer, offset: number, maxSize: number): number | undefined {
  if (buffer.length - offset < FRAME_SIZE_BYTES) return undefined
  const size = buffer.readInt32BE(offset)
  if (size < 0) throw new ProtocolViolation(`A frame claims a size of ${size} bytes.`)
  if (size > maxSize) {
    throw new ProtocolViolation(`A frame of ${size} bytes is larger than the limit of ${maxSize}.`)
  }
  return size
}

/** A whole response: size, header, body. Large records are in it by reference. */
export function responseFrame<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  response: ResponseOf<A>,
): Buffer[] {
  const writer = new Writer()
  writer.openFrame()
  encodeResponseHeader(writer, responseHeaderVersion(api, version), correlationId)
  codecOf<A['response']>(api.response, version).encode(writer, response)
  return writer.finish(true)
}

/** A whole request: size, header, body. Large records are in it by reference. */
export function requestFrame<A extends Api>(
  api: A,
  version: number,
  origin: { correlationId: number; clientId: string | null },
  request: RequestInput<A>,
): Buffer[] {
  const writer = new Writer()
  writer.openFrame()
  encodeRequestHeader(writer, requestHeaderVersion(api, version), {
    apiKey: api.key,
    apiVersion: version,
    ...origin,
  })
  codecOf<A['request']>(api.request, version).encode(writer, request)
  return writer.finish(true)
}
