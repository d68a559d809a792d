/** What the tests of the codecs compress, and what they expect where that fails. */

import { expect } from 'vitest'

const phrase = 'a spool of thread, '

export const inputs: readonly (readonly [string, Buffer])[] = [
  ['a byte', Buffer.from('a')],
  ['a phrase', Buffer.from(phrase)],
  ['a phrase over and over', Buffer.from(phrase.repeat(20_000))],
  ['zeros', Buffer.alloc(200_000)],
  ['what does not compress', noise(150_000)],
  ['lines that differ a little', Buffer.from(lines(5000))],
]

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `{"id":${i},"at":${(i * 7919) % 1009}}`).join('\n')
}

/** The same at every run. */
export function noise(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let state = 0x2545f491
  for (let i = 0; i < size; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state
  }
  return bytes
}

export function refusal(error: string): unknown {
  return expect.objectContaining({ name: 'InvalidRecord', error })
}

export const BROKEN = refusal('UNKNOWN_SERVER_ERROR')
export const TOO_LARGE = refusal('MESSAGE_TOO_LARGE')

/** Runs `open` on every truncation and on damage to every byte: nothing but `InvalidRecord` may come of it. */
export function damageAll(bytes: Buffer, open: (damaged: Buffer) => Buffer): void {
  for (let length = 0; length < bytes.length; length++) {
    expect(() => open(bytes.subarray(0, length)), `cut to ${length}`).toThrow(BROKEN)
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= flip
      try {
        open(damaged)
      } catch (error) {
        expect(error).toMatchObject({ name: 'InvalidRecord' })
      }
    }
  }
}
