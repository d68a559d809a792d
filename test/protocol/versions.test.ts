import { describe, expect, it } from 'vitest'
import {
  commonVersions,
  hasVersion,
  NO_VERSIONS,
  parseVersions,
} from '../../src/protocol/versions.ts'

describe('parseVersions', () => {
  it.each([
    ['3', [3]],
    ['2-4', [2, 3, 4]],
    ['5+', [5, 6, 7]],
    ['none', []],
  ])('%s', (text, versions) => {
    const range = parseVersions(text)
    expect([0, 1, 2, 3, 4, 5, 6, 7].filter((version) => hasVersion(range, version))).toEqual(
      versions,
    )
  })

  it.each(['', '+', '3-', '4-2', '-1', '1 - 2', '1,2', '99999', 'v1', '1+2'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseVersions(text)).toThrow(TypeError)
    },
  )
})

describe('commonVersions', () => {
  it('gives what both have, or none', () => {
    expect(commonVersions(parseVersions('0-5'), parseVersions('3+'))).toEqual({ min: 3, max: 5 })
    expect(commonVersions(parseVersions('0-2'), parseVersions('3+'))).toEqual(NO_VERSIONS)
    expect(commonVersions(NO_VERSIONS, parseVersions('0+'))).toEqual(NO_VERSIONS)
  })
})
