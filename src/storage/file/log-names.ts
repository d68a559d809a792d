/** What a log's folder holds besides records, and how its names come to last. */

import type { Disk } from './disk.ts'
import { LEADER_EPOCHS } from './checkpoints.ts'
import type { EngineShares } from './engine-shares.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import { encodePartitionMetadata, PARTITION_METADATA } from './log-folder.ts'

export function makeLogFolder(disk: Disk, folder: string, topicId: string): void {
  disk.makeDirectory(folder)
  disk.writeFile(`${folder}/${PARTITION_METADATA}`, encodePartitionMetadata(topicId))
}

/** A full disk takes nothing of what is there already. */
export function writeEpochs(disk: Disk, folder: string, epochs: LeaderEpochs): void {
  const path = `${folder}/${LEADER_EPOCHS}`
  disk.writeFile(`${path}.tmp`, epochs.encode())
  disk.rename(`${path}.tmp`, path)
  epochs.isNew = false
  epochs.isUnsynced = true
}

/** Resolved: the epochs that were written survive a power cut. The batches that tell them too are not looked at below the recovery point. */
export async function syncEpochs(
  { disk, files }: EngineShares,
  folder: string,
  epochs: LeaderEpochs,
): Promise<void> {
  if (!epochs.isUnsynced) return
  epochs.isUnsynced = false
  const path = `${folder}/${LEADER_EPOCHS}`
  try {
    await files.use(path, false, (file) => file.sync())
    files.forget(path)
    await disk.syncDirectory(folder)
  } catch (error) {
    epochs.isUnsynced = true
    throw error
  }
}

/** Resolved: the folder, its metadata and the names of its files survive a power cut. */
export async function syncLogNames(shares: EngineShares, folder: string): Promise<void> {
  const { disk, files, directory } = shares
  const metadata = `${folder}/${PARTITION_METADATA}`
  await files.use(metadata, false, (file) => file.sync())
  files.forget(metadata)
  await disk.syncDirectory(folder)
  await disk.syncDirectory(directory)
}
