/** The engine that keeps all in memory: the file engine on a memory disk. */

import { type FileEngine, type FileEngineSettings, openFileEngine } from '../file/file-engine.ts'
import { MemoryDisk } from '../file/memory-disk.ts'

export function openMemoryEngine(
  settings: Omit<FileEngineSettings, 'disk' | 'directory'>,
): Promise<FileEngine> {
  return openFileEngine({ ...settings, disk: new MemoryDisk(settings), directory: '/data' })
}
