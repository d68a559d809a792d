import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { seededRandom } from '../../../src/random.ts'
import { MemoryDisk } from '../../../src/storage/file/memory-disk.ts'

const PATH = '/folder/file'

let clock: ManualClock
let disk: MemoryDisk

beforeEach(() => {
  clock = new ManualClock()
  disk = new MemoryDisk({ clock })
  disk.makeDirectory('/folder')
  disk.writeFile(PATH, Buffer.from('bytes'))
})

describe('a file of the memory disk', () => {
  it('is no longer by a write of nothing behind its end', () => {
    disk.open(PATH).writeSync([Buffer.alloc(0)], 100)
    expect(disk.fileSize(PATH)).toBe(5)
  })

  it.each([
    ['a kill', () => disk.kill()],
    ['a power cut', () => disk.powerCut(seededRandom(1))],
  ])('is left alone by whoever had it open before %s', async (_name, crash) => {
    const before = disk.open(PATH)
    await before.sync()
    await disk.syncDirectory('/folder')
    await disk.syncDirectory('/')
    const survivor = crash()
    const modifiedAt = survivor.modifiedAt(PATH)
    await clock.advance(1000)
    for (const position of [0, 100]) {
      for (const bytes of [Buffer.alloc(0), Buffer.from('other')]) {
        expect(() => before.writeSync([bytes], position)).toThrow('EIO')
      }
    }
    expect(() => before.truncate(0)).toThrow('EIO')
    await expect(before.sync()).rejects.toThrow('EIO')
    expect(survivor.readFile(PATH)).toEqual(Buffer.from('bytes'))
    expect(survivor.modifiedAt(PATH)).toBe(modifiedAt)
  })
})
