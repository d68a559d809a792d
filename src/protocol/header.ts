/**
 * Request and response headers.
 *
 * Request v1: int16 API key, int16 API version, int32 correlation id, client id as an int16-length string in all versions.
 * v2, of flexible bodies, ends with a tag section. v0 had no client id: ControlledShutdown v0 alone used it.
 * Response v0: int32 correlation id. v1, of flexible bodies, ends with a tag section.
 */

import type { Reader } from './reader.ts'
import type { Api } from './schema.ts'
import { hasVersion } from './versions.ts'
import type { Writer } from './writer.ts'

export interface RequestHeader {
  apiKey: number
  apiVersion: number
  correlationId: number
  clientId: string | null
}

export type RequestHeaderVersion = 0 | 1 | 2
export type ResponseHeaderVersion = 0 | 1

const API_VERSIONS_KEY = 18

type HeaderFacts = Pick<Api, 'key' | 'flexible'>

export function requestHeaderVersion(api: HeaderFacts, version: number): 1 | 2 {
  return hasVersion(api.flexible, version) ? 2 : 1
}

/** ApiVersions is answered with v0 always: a client reads it before it knows what the broker speaks (KIP-511). */
export function responseHeaderVersion(api: HeaderFacts, version: number): ResponseHeaderVersion {
  if (api.key === API_VERSIONS_KEY) return 0
  return hasVersion(api.flexible, version) ? 1 : 0
}

/** The first two fields alone, which no header version changes: they say how the rest is to be read. */
export function peekApi(reader: Reader): { apiKey: number; apiVersion: number } {
  const start = reader.position
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  reader.position = start
  return { apiKey, apiVersion }
}

export function decodeRequestHeader(
  reader: Reader,
  headerVersion: RequestHeaderVersion,
): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = headerVersion === 0 ? null : reader.nullableString()
  if (headerVersion === 2) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId }
}

export function encodeRequestHeader(
  writer: Writer,
  headerVersion: RequestHeaderVersion,
  header: RequestHeader,
): void {
  writer.int16(header.apiKey)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  if (headerVersion > 0) writer.nullableString(header.clientId)
  if (headerVersion === 2) writer.uvarint(0)
}

/** Gives the correlation id. */
export function decodeResponseHeader(reader: Reader, headerVersion: ResponseHeaderVersion): number {
  const correlationId = reader.int32()
  if (headerVersion === 1) reader.skipTags()
  return correlationId
}

export function encodeResponseHeader(
  writer: Writer,
  headerVersion: ResponseHeaderVersion,
  correlationId: number,
): void {
  writer.int32(correlationId)
  if (headerVersion === 1) writer.uvarint(0)
}
