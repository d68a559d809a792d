/** Equality of decoded values, which are made of few kinds: much quicker than what knows all of them, where millions are compared. */

import { deepStrictEqual } from 'node:assert'

/** Throws an AssertionError that shows the difference. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (!isSame(actual, expected)) {
    deepStrictEqual(actual, expected)
    throw new Error('The values differ in a way that assert does not see.')
  }
}

export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false
  }
  if (Buffer.isBuffer(one)) return Buffer.isBuffer(other) && one.equals(other)
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false
    return one.every((element, index) => isSame(element, other[index]))
  }
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every(
    (name) =>
      name in other &&
      isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
  )
}
