import { describe, expect, test } from 'vitest'
import { humanLine } from '../../src/cli/log-line.ts'

const line = (fields: object): string =>
  humanLine(JSON.stringify({ level: 30, time: 1_700_000_000_123, ...fields }))

describe('humanLine', () => {
  test('is one line with the fields that are left', () => {
    expect(line({ msg: 'started', port: 9092, host: 'a b', list: [1] })).toMatch(
      /^\d\d:\d\d:20\.123 started port=9092 host="a b" list=\[1\]\n$/,
    )
  })

  test('names a level that matters', () => {
    expect(line({ level: 40, msg: 'careful' })).toContain(' warn  careful')
  })

  test('shows the stack of an error', () => {
    expect(line({ msg: 'no', err: { type: 'Error', stack: 'Error: x\n    at y' } })).toContain(
      'no\nError: x\n    at y\n',
    )
  })

  test('leaves alone what is no line of JSON', () => {
    expect(humanLine('plain\n')).toBe('plain\n')
  })
})
