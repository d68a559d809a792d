import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import type { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'
import { verifyFolder } from '../../../src/storage/verify/folder-check.ts'
import { readOnlyDisk } from '../../../src/storage/verify/readable-disk.ts'
import type { Violation } from '../../../src/storage/verify/violation.ts'
import { DIRECTORY, knownTopics, makeSoundFolder, type SoundFolder } from './sound-folder.ts'

/** Made by `scripts/golden-folder.mjs`, and compared with what Kafka's own dump tool reads by the compatibility tests. */
const golden = fileURLToPath(new URL('../../fixtures/golden-folder', import.meta.url))
/** Compressed bytes are the codecs' own: another version of one may make others. */
const CODECS = ['none'] as const

function filesIn(disk: MemoryDisk, folder = DIRECTORY): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const { name, isDirectory } of disk.list(folder)!) {
    const path = `${folder}/${name}`
    if (isDirectory) for (const [inner, bytes] of filesIn(disk, path)) files.set(inner, bytes)
    else files.set(path.slice(DIRECTORY.length + 1), disk.readFile(path)!)
  }
  return files
}

function goldenFiles(): string[] {
  return readdirSync(golden, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(golden, join(entry.parentPath, entry.name)))
    .toSorted()
}

describe('the golden folder', () => {
  let made: SoundFolder
  let files: Map<string, Buffer>

  beforeAll(async () => {
    made = await makeSoundFolder(CODECS)
    files = filesIn(made.disk)
    if (process.env['GOLDEN_WRITE'] === undefined) return
    rmSync(golden, { recursive: true, force: true })
    for (const [name, bytes] of files) {
      mkdirSync(dirname(join(golden, name)), { recursive: true })
      writeFileSync(join(golden, name), bytes)
    }
  })

  it('is, byte for byte, what the engine writes today', () => {
    expect(goldenFiles()).toEqual([...files.keys()].toSorted())
    for (const [name, bytes] of files) {
      expect(readFileSync(join(golden, name)).equals(bytes), name).toBe(true)
    }
  })

  it('is without a fault', async () => {
    const found: Violation[] = []
    const result = await verifyFolder(readOnlyDisk, golden, {
      now: made.clock.now(),
      topics: knownTopics!,
      onViolation: (violation) => found.push(violation),
    })
    expect(found).toEqual([])
    expect(result).toMatchObject({ logs: 3, errors: 0, notes: 0, isClean: true })
    expect(result.segments).toBeGreaterThan(5)
  })
})
