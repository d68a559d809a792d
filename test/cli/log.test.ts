import { describe, expect, test } from 'vitest'
import { createLog, type LogFormat, type LogLevel } from '../../src/cli/log.ts'
import type { Logger } from '../../src/logger.ts'

const TIME = 1_700_000_000_123

function logged(format: LogFormat, level: LogLevel, use: (log: Logger) => void): string[] {
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  use(createLog({ format, level, clock: { now: () => TIME }, write }))
  return lines
}

describe('a log of text', () => {
  const text = (use: (log: Logger) => void): string => logged('text', 'debug', use).join('')

  test('has the time of day and the fields', () => {
    const fields = { port: 9092, host: 'a b', list: [1] }
    expect(text((log) => log.info(fields, 'started'))).toMatch(
      /^\d\d:\d\d:20\.123 started port=9092 host="a b" list=\[1\]\n$/,
    )
  })

  test('names a level that matters', () => {
    expect(text((log) => log.warn('careful'))).toContain(' warn  careful\n')
  })

  test('shows the stack of an error, and what caused it', () => {
    const err = new Error('x', { cause: new Error('deep') })
    const lines = text((log) => log.error({ err }, 'no')).split('\n')
    expect(lines[0]).toMatch(/ERROR no$/)
    expect(lines[1]).toMatch(/^Error: x/)
    expect(lines).toContain('caused by: Error: deep')
  })
})

describe('a log of JSON', () => {
  test('writes what is at its level or above, a line each', () => {
    const use = (log: Logger): void => {
      log.debug({ a: 1 }, 'deep')
      log.info('plain')
      log.error({ port: 1 }, 'bad')
    }
    expect(logged('json', 'debug', use)).toHaveLength(3)
    expect(logged('json', 'info', use)).toEqual([
      `{"level":30,"time":${TIME},"msg":"plain"}\n`,
      `{"level":50,"time":${TIME},"port":1,"msg":"bad"}\n`,
    ])
    expect(logged('json', 'silent', use)).toEqual([])
  })

  test('shows what an error is', () => {
    const err = Object.assign(new TypeError('x'), { code: 'EIO' })
    const [line] = logged('json', 'info', (log) => log.error({ err }, 'no'))
    expect(JSON.parse(line!)).toMatchObject({
      err: { type: 'TypeError', message: 'x', code: 'EIO' },
    })
  })
})
