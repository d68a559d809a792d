import { describe, expect, it } from 'vitest'
import {
  defaultText,
  errorCodeOf,
  errorNameOf,
  errors,
  isRetriable,
} from '../../src/protocol/errors.ts'

describe('the error table', () => {
  it('leads from code to name and back', () => {
    for (const { code, name } of errors) {
      expect(errorNameOf(code)).toBe(name)
      expect(errorCodeOf(name)).toBe(code)
    }
    expect(errorCodeOf('NONE')).toBe(0)
    expect(errorCodeOf('UNKNOWN_MEMBER_ID')).toBe(25)
  })

  it('takes a code that it does not know as an unknown error', () => {
    for (const code of [-2, -32768, 999, 32767]) {
      expect(errorNameOf(code)).toBe('UNKNOWN_SERVER_ERROR')
    }
  })

  it('says what may be tried again, and has a text for each', () => {
    expect(isRetriable('NOT_LEADER_OR_FOLLOWER')).toBe(true)
    expect(isRetriable('UNKNOWN_MEMBER_ID')).toBe(false)
    for (const { name } of errors) expect(defaultText(name)).toMatch(/^[A-Za-z].*\.$/)
  })

  it('refuses a name that is none', () => {
    expect(() => errorCodeOf('NO_SUCH_ERROR' as 'NONE')).toThrow(TypeError)
  })
})
