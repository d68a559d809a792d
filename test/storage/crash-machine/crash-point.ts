/** A disk that dies in the middle of its n-th call: from then on nothing happens to it any more. */

import type { Random } from '../../../src/random.ts'
import type { DiskVerb, MemoryDisk } from '../../../src/storage/file/memory-disk.ts'

export type CrashKind = 'kill' | 'power cut'

export class CrashPoint {
  /** Calls that change something, or ask for it to last. */
  calls = 0
  /** Which of them it dies in; none when infinite. */
  at = Infinity
  /** Which call it died in. */
  where = ''
  private isDying = false
  private survivor: MemoryDisk | undefined
  private readonly disk: MemoryDisk
  readonly kind: CrashKind
  private readonly random: Random

  constructor(disk: MemoryDisk, kind: CrashKind, random: Random) {
    this.disk = disk
    this.kind = kind
    this.random = random
    // In place of the point of the start before, where the disk is the same.
    disk.fault = (verb, path) => this.failure(verb, path)
  }

  get isDead(): boolean {
    return this.isDying
  }

  /** Dies now, if it has not, and gives what is left. */
  crash(kind = this.kind): MemoryDisk {
    this.isDying = true
    this.survivor ??= kind === 'kill' ? this.disk.kill() : this.disk.powerCut(this.random)
    return this.survivor
  }

  private failure(verb: DiskVerb, path: string): string | undefined {
    if (this.isDying) {
      // The call that it died in is over: what a write has left of itself is there.
      this.crash()
      return 'EIO'
    }
    if (verb === 'read' || ++this.calls < this.at) return undefined
    this.where = `call ${this.calls}, ${verb} ${path}`
    this.isDying = true
    return 'EIO'
  }
}
