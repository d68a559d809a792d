/** Chance, injected: the only source of uuids, ids and jitter. */

import { randomBytes, randomFillSync } from 'node:crypto'

export interface Random {
  bytes(length: number): Buffer
  /** A whole number from 0 on, below `bound`. */
  below(bound: number): number
  /** A version 4 uuid as Kafka prints it: 22 characters of URL-safe base64, never one that begins with '-' and never a reserved one. */
  uuid(): string
}

const RESERVED_UUIDS = new Set(['AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'])

function uuidFrom(bytes: () => Buffer): string {
  for (;;) {
    const b = bytes()
    b[6] = (b[6]! & 0x0f) | 0x40
    b[8] = (b[8]! & 0x3f) | 0x80
    const text = b.toString('base64url')
    if (!text.startsWith('-') && !RESERVED_UUIDS.has(text)) return text
  }
}

const word = new Uint32Array(1)

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  below: (bound) => Math.floor((randomFillSync(word)[0]! / 2 ** 32) * bound),
  uuid: () => uuidFrom(() => randomBytes(16)),
}

/** The same sequence for the same seed (mulberry32): for tests and replays, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const bytes = (length: number): Buffer => {
    const out = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) out[i] = next() & 0xff
    return out
  }
  return {
    bytes,
    below: (bound) => Math.floor((next() / 2 ** 32) * bound),
    uuid: () => uuidFrom(() => bytes(16)),
  }
}
