/** What a lock says of its holder, and whether it lives, as far as that can be known without waiting. */

import * as fs from 'node:fs'
import { hostname } from 'node:os'
import { type Clock, localTime } from '../../clock.ts'
import { systemRandom } from '../../random.ts'
import type { Presence } from './presence.ts'

export interface Holder {
  /** One of its own for each time that a lock is taken. */
  token: string
  pid: number
  host: string
  since: string
  /** Which boot of which machine, where the system tells; else the machine's name, of systems without containers. */
  boot: string
  /** Empty where there is no /proc, like the next one. */
  pidNamespace: string
  /** Start time of the process in ticks since the boot. */
  started: string
  /** Where in the folder it shows its presence; empty where it cannot. */
  presence: string
  /** The file system of the folder, as this boot numbers them. */
  device: string
}

export function describeSelf(directory: string, clock: Clock): Holder {
  return {
    token: systemRandom.uuid(),
    pid: process.pid,
    host: hostname(),
    since: localTime(clock.now()).slice(0, 19),
    boot: bootOfThis(),
    pidNamespace: textOf(() => fs.readlinkSync('/proc/self/ns/pid')),
    started: startTimeOf(process.pid) ?? '',
    presence: '',
    device: String(fs.statSync(directory).dev),
  }
}

/** `undefined` for an empty lock, as Kafka leaves it, and for a torn one: nobody holds such a lock. */
export function parseHolder(content: string): Holder | undefined {
  try {
    const holder: unknown = JSON.parse(content)
    if (typeof holder !== 'object' || holder === null || !('token' in holder)) return undefined
    // It becomes a part of file names.
    return /^[\w-]+$/.test(String(holder.token)) ? (holder as Holder) : undefined
  } catch {
    return undefined
  }
}

/** Undefined where only time can tell. */
export async function isKnownAlive(
  holder: Holder,
  self: Holder,
  directory: string,
  presence: Presence | undefined,
): Promise<boolean | undefined> {
  if (holder.boot === '' || holder.boot !== self.boot) return undefined
  if (holder.started !== '' && holder.pidNamespace === self.pidNamespace) {
    return startTimeOf(holder.pid) === holder.started
  }
  // A presence is seen within one mounted file system of one kernel: across containers, and not across a network.
  if (presence && holder.presence !== '' && holder.device === self.device) {
    const isThere = await presence.isThere(`${directory}/${holder.presence}`)
    if (isThere !== undefined) return isThere
  }
  return self.pidNamespace === '' && holder.pidNamespace === '' && !isPid(holder.pid)
    ? false
    : undefined
}

function bootOfThis(): string {
  if (process.platform !== 'linux') return `${process.platform} ${hostname()}`
  return textOf(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}

/** When a process began; `undefined` when there is none, or only its remains. A pid that is used again, as 1 is in a container, has another. */
function startTimeOf(pid: number): string | undefined {
  const stat = textOf(() => fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))
  if (stat === '') return undefined
  // Behind the name, which may hold anything: the state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** Whether there is a process of this number, whoever's. */
function isPid(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function textOf(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
