/** Whether a broker has a data folder, asked from outside: nothing is taken, and nothing is left there. */

import * as fs from 'node:fs'
import type { Clock } from '../../clock.ts'
import { LockFile } from './lock-file.ts'
import { describeSelf, isKnownAlive, parseHolder } from './lock-holder.ts'
import type { Presence } from './presence.ts'

/** A lock that has been silent for so long is nobody's, where nothing else tells. */
const STALE_MS = 15_000

/** Who has the folder, in words; `undefined` when it is free, as far as can be known. */
export async function holderOf(
  directory: string,
  clock: Clock,
  presence?: Presence,
): Promise<string | undefined> {
  const file = new LockFile(directory)
  const content = file.read()
  if (content === undefined) return undefined
  const holder = parseHolder(content)
  if (!holder) return isLockedBySystem(file.path) ? 'another broker has locked it' : undefined
  const self = describeSelf(directory, clock)
  const isAlive = await isKnownAlive(holder, self, directory, presence)
  if (isAlive === false) return undefined
  if (isAlive === undefined && clock.now() - (file.touched() ?? 0) > STALE_MS) return undefined
  return `process ${holder.pid} on ${holder.host} has it since ${holder.since}`
}

/** Kafka's lock is one of the operating system, which Node cannot ask for; Linux lists them all. */
function isLockedBySystem(path: string): boolean {
  try {
    const inode = fs.statSync(path).ino
    return fs
      .readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.split(/\s+/)[5]?.endsWith(`:${inode}`))
  } catch {
    return false
  }
}
