/** What was captured on the wire from real clients: test/protocol/captured. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  type RequestHeader,
  requestHeaderVersion,
  responseHeaderVersion,
} from '../../src/protocol/header.ts'
import { Reader } from '../../src/protocol/reader.ts'
import type { Api } from '../../src/protocol/schema.ts'
import { apis } from './known-messages.ts'

export interface Exchange {
  client: string
  api: number
  version: number
  /** Whole frames in hex. */
  request: string
  response: string | null
  /** What Kafka's own codecs read in the bodies. */
  requestValue?: Record<string, unknown>
  responseValue?: Record<string, unknown> | null
}

export interface CapturedBatch {
  client: string
  compression: string
  hex: string
  records: {
    /** Absent where the client stamped the record with the time of day. */
    timestamp?: number
    key: string | null
    value: string | null
    headers: [string, string][]
  }[]
}

const path = (name: string): string => join(import.meta.dirname, 'captured', `${name}.ndjson`)

function lines<Row>(name: string): Row[] {
  const text = readFileSync(path(name), 'utf8').trimEnd()
  return text.split('\n').map((line) => JSON.parse(line) as Row)
}

export const capturedExchanges = (): Exchange[] => lines('exchanges')
export const capturedBatches = (): CapturedBatch[] => lines('batches')

export function writeExchanges(exchanges: readonly Exchange[]): void {
  writeFileSync(path('exchanges'), exchanges.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** What is left to read. */
export function restOf(frame: string, body: Reader): Buffer {
  return Buffer.from(frame, 'hex').subarray(body.position)
}

export function apiOf({ api: key }: Exchange): Api {
  return apis.find((api) => api.key === key)!
}

/** A reader of a request, behind its header. */
export function openRequest(exchange: Exchange): { header: RequestHeader; body: Reader } {
  const body = new Reader(Buffer.from(exchange.request, 'hex'), 4)
  const version = requestHeaderVersion(apiOf(exchange), exchange.version)
  return { header: decodeRequestHeader(body, version), body }
}

/** A reader of a response, behind its header. */
export function openResponse(exchange: Exchange): { correlationId: number; body: Reader } {
  const body = new Reader(Buffer.from(exchange.response!, 'hex'), 4)
  const version = responseHeaderVersion(apiOf(exchange), exchange.version)
  return { correlationId: decodeResponseHeader(body, version), body }
}
