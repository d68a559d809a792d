import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { ManualClock, systemClock } from '../../src/clock.ts'
import type { Disk } from '../../src/storage/file/disk.ts'
import { openFileEngine } from '../../src/storage/file/file-engine.ts'
import { MemoryDisk } from '../../src/storage/file/memory-disk.ts'
import { NodeDisk } from '../../src/storage/file/node-disk.ts'
import {
  type EngineHarness,
  type EngineUnderTest,
  engineContract,
} from '../../src/testing/engine-contract.ts'

const clock = new ManualClock()

const onMemory: EngineHarness = {
  open: () => overMemory(new MemoryDisk({ clock })),
}

async function overMemory(disk: MemoryDisk): Promise<EngineUnderTest> {
  const engine = await openFileEngine({ disk, directory: '/data', clock })
  return {
    engine,
    async restart(how) {
      if (how === 'kill') return overMemory(disk.kill())
      await engine.close()
      return overMemory(disk)
    },
    async dispose() {
      await engine.close()
    },
  }
}

/** A killed engine goes on living in this process: its lock is taken out of the way, and it is never used again. */
class AbandonedDisk extends NodeDisk {
  override async lock(): ReturnType<Disk['lock']> {
    return { isHeld: () => true, release() {} }
  }
}

const onFiles: EngineHarness = {
  open: () => overFiles(mkdtempSync(join(tmpdir(), 'odradek-contract-'))),
}

async function overFiles(directory: string): Promise<EngineUnderTest> {
  const disk = new AbandonedDisk(systemClock)
  const engine = await openFileEngine({ disk, directory, clock: systemClock })
  return {
    engine,
    async restart(how) {
      if (how === 'close') await engine.close()
      return overFiles(directory)
    },
    async dispose() {
      await engine.close()
      rmSync(directory, { recursive: true })
    },
  }
}

describe.each([
  ['on the memory disk', onMemory],
  ['on files', onFiles],
])('the storage contract %s', (_name, harness) => {
  for (const { name, run } of engineContract) it(name, () => run(harness))
})
