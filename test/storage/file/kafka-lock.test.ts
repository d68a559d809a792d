import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kafkaLockOf } from '../../../src/storage/file/kafka-lock.ts'

/** What Linux makes of a major and a minor number. */
function deviceOf(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`
}

describe("Kafka's lock", () => {
  let folder: string
  let lock: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odradek-lock-'))
    lock = join(folder, '.lock')
    writeFileSync(lock, '')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const table = (...lines: string[]): string => {
    const path = join(folder, 'locks')
    writeFileSync(path, lines.map((line, i) => `${i + 1}: ${line}\n`).join(''))
    return path
  }

  it('is found by device and inode, with who holds it', () => {
    const { dev, ino } = statSync(lock, { bigint: true })
    const held = `POSIX  ADVISORY  WRITE 4711 ${deviceOf(dev)}:${ino} 0 EOF`
    const flock = `FLOCK  ADVISORY  WRITE 12 ${deviceOf(dev)}:${ino} 0 EOF`
    const other = `POSIX  ADVISORY  WRITE 13 ${deviceOf(dev)}:${ino + 1n} 0 EOF`
    expect(kafkaLockOf(lock, table(flock, other, held))).toBe(4711)
    expect(kafkaLockOf(lock, table(flock, other))).toBeUndefined()
    const elsewhere = `POSIX  ADVISORY  WRITE 14 ffe:01:${ino} 0 EOF`
    expect(kafkaLockOf(lock, table(elsewhere))).toBeUndefined()
  })

  it('is not there where there is no file, or no table', () => {
    expect(kafkaLockOf(join(folder, 'none'), table())).toBeUndefined()
    expect(kafkaLockOf(lock, join(folder, 'no-table'))).toBeUndefined()
  })
})
