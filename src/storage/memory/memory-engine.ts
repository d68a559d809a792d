/** The engine that keeps all in memory: the file engine on a memory disk. */

import { type FileEngine, type FileEngineSettings, openFileEngine } from '../file/file-engine.ts'
import { MemoryDisk } from '../file/memory-disk.ts'

export function openMemoryEngine(
  settings: Omit<FileEngineSettings, 'disk' | 'directory'>,
): Promise<FileEngine> {
  // Nobody could look at what is deleted, and memory is dear.
  const options = { ...settings.options, delaysRemoval: false }
  const disk = new MemoryDisk(settings)
  return openFileEngine({ ...settings, options, disk, directory: '/data' })
}
