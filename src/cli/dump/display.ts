/** Bytes, times and decoded values as people read them, and as JSON that loses nothing. */

import { localTime } from '../../clock.ts'

const MOST_SHOWN = 200
const MOST_HEX = 32
/** JavaScript knows no time beyond. */
const LAST_TIME = 8.64e15
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Text in quotes where it is such, else hexadecimal digits; the ends of long values are left out. */
export function shownBytes(bytes: Buffer | null): string {
  if (bytes === null) return 'null'
  const text = textOf(bytes)
  if (text === undefined) {
    const rest = bytes.length > MOST_HEX ? `... (${bytes.length} bytes)` : ''
    return `0x${bytes.toString('hex', 0, MOST_HEX)}${rest}`
  }
  if (text.length <= MOST_SHOWN) return JSON.stringify(text)
  return `${JSON.stringify(text.slice(0, MOST_SHOWN))}... (${bytes.length} bytes)`
}

export function shownTime(timestamp: number): string {
  if (timestamp === -1) return 'no time'
  return timestamp >= 0 && timestamp <= LAST_TIME ? localTime(timestamp) : String(timestamp)
}

/** Bytes become a string where they are UTF-8, and else `{ "base64": ... }`; a bigint becomes a number, or a string where that would lose something. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(plain(value))
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  }
  if (typeof value !== 'object' || value === null) return value
  if (Buffer.isBuffer(value)) return textOf(value) ?? { base64: value.toString('base64') }
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return plain(Object.fromEntries(value))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

/** `undefined` for what is no text: other control characters than those of lines and tabs are none. */
function textOf(bytes: Buffer): string | undefined {
  for (const byte of bytes) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return undefined
  }
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
