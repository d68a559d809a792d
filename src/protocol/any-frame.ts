/** Reads the frames of any API: for proxies, sniffers and tests, which do not know beforehand what comes. */

import * as every from './apis.ts'
import { codecOf } from './compile.ts'
import { ProtocolViolation } from './errors.ts'
import { FRAME_SIZE_BYTES, frameSizeAt } from './frame.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  peekApi,
  type RequestHeader,
  requestHeaderVersion,
  responseHeaderVersion,
} from './header.ts'
import { Reader } from './reader.ts'
import type { Api, RequestOf, ResponseOutput } from './schema.ts'
import { hasVersion } from './versions.ts'

export interface ReadRequest<A extends Api = Api> extends RequestHeader {
  api: A
  /** What `api.request` says at this version; bytes and records in it are slices of the frame. */
  request: RequestOf<A>
}

export interface ReadResponse<A extends Api = Api> {
  correlationId: number
  /** What `api.response` says at this version; bytes and records in it are slices of the frame. */
  response: ResponseOutput<A>
}

const byKey = new Map<number, Api>(Object.values(every).map((api) => [api.key, api]))

/** The schema of an API; undefined for a key that has none. */
export function apiOf(key: number): Api | undefined {
  return byKey.get(key)
}

/** Reads a whole frame, its size field included. Throws a ProtocolViolation for anything else, and for an API or a version without a schema. */
export function readRequest(frame: Buffer): ReadRequest {
  const reader = bodyOf(frame)
  const { apiKey, apiVersion } = peekApi(reader)
  const api = apiOf(apiKey)
  if (!api) throw new ProtocolViolation(`There is no schema for the API key ${apiKey}.`)
  requireVersion(api, apiVersion)
  const header = decodeRequestHeader(reader, requestHeaderVersion(api, apiVersion))
  return { api, ...header, request: codecOf(api.request, apiVersion).decode(reader) }
}

/** Whether it is a request of this API: then its type is known. */
export function isRequestOf<A extends Api>(read: ReadRequest, api: A): read is ReadRequest<A> {
  return read.apiKey === api.key
}

/** Reads a whole frame, its size field included, that answers a request of this API and version. Throws as `readRequest` does. */
export function readResponse<A extends Api>(
  api: A,
  version: number,
  frame: Buffer,
): ReadResponse<A> {
  requireVersion(api, version)
  const reader = bodyOf(frame)
  const correlationId = decodeResponseHeader(reader, responseHeaderVersion(api, version))
  return { correlationId, response: codecOf<A['response']>(api.response, version).decode(reader) }
}

function bodyOf(frame: Buffer): Reader {
  const size = frameSizeAt(frame, 0, frame.length)
  if (size === undefined || size !== frame.length - FRAME_SIZE_BYTES) {
    throw new ProtocolViolation(`These ${frame.length} bytes are not one whole frame.`)
  }
  return new Reader(frame, FRAME_SIZE_BYTES)
}

function requireVersion({ name, versions }: Api, version: number): void {
  if (hasVersion(versions, version)) return
  throw new ProtocolViolation(`${name} has no version ${version}.`)
}
