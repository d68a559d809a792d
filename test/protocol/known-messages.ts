/** Every message that has a schema, as tests go through them. */

import * as protocol from '../../src/protocol/index.ts'
import type { Api, Message } from '../../src/protocol/index.ts'

function isApi(value: unknown): value is Api {
  return typeof value === 'object' && value !== null && 'request' in value && 'response' in value
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'fields' in value && 'flexible' in value
}

const values: unknown[] = Object.values(protocol)

export const apis = values.filter(isApi).sort((a, b) => a.key - b.key)
export const embedded = values.filter(isMessage)
export const messages = [
  ...apis.flatMap(({ request, response }) => [request, response]),
  ...embedded,
]

export function versionsOf({ versions }: { versions: protocol.VersionRange }): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, i) => versions.min + i)
}
