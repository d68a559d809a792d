/** One log's folder: its files by name, its segments one after the other, and what the folder's small files say of them. */

import { LEADER_EPOCHS } from '../file/checkpoints.ts'
import type { ProducerState } from '../producer-state.ts'
import { decodeProducerSnapshot } from '../file/producer-snapshot.ts'
import { fileName, PARTITION_METADATA, parseFileName } from '../file/log-folder.ts'
import { checkedEpochs, EpochsCheck } from './epochs-check.ts'
import { ProducerReplay } from './producer-replay.ts'
import type { ReadableDisk } from './readable-disk.ts'
import { SegmentCheck } from './segment-check.ts'
import { snapshotFault } from './snapshot-check.ts'
import type { Findings, Place, Rule, Severity } from './violation.ts'

export interface Totals {
  logs: number
  segments: number
  batches: number
  records: number
  bytes: number
}

/** What is known of a log before its folder is looked into. */
export interface LogCircumstances {
  /** The folder's path. */
  folder: string
  /** The last stop was a clean one: every file is whole. */
  isClean: boolean
  /** A broker has opened it since: batches are whole to the end, other files up to the recovery point. */
  isRecovered: boolean
  /** Kafka's own log of its metadata ends without the last entry of its time index, also after a clean stop. */
  isOurs: boolean
  recoveryPoint: number
  /** From the checkpoint. */
  logStartOffset: number | undefined
  /** Compaction may have made gaps. */
  mayGap: boolean
  now: number
  producerIdExpirationMs: number
}

/** What a log was found to be. */
export interface FoundLog {
  firstOffset: number
  endOffset: number
  lastSize: number
}

interface Names {
  segments: number[]
  snapshots: number[]
}

const KEPT = /^\d{20}\.log\.\d+(\.\d+)?\.cut$/
const INTERMEDIATE = /\.(deleted|cleaned|swap|tmp)$/
/** A snapshot of the cluster's metadata, in Kafka's own log of it. */
const METADATA_SNAPSHOT = /^\d{20}-\d{10}\.checkpoint(\.part)?$/

export class LogCheck {
  readonly replay = new ProducerReplay()
  readonly epochs: EpochsCheck
  readonly circumstances: LogCircumstances
  readonly totals: Totals
  firstOffset = 0
  nextOffset = 0
  /** Where the second segment begins; infinite when there is none. */
  secondOffset = Infinity
  /** Damage behind the recovery point: what follows is cut off by the next start. */
  isCut = false
  /** Something is wrong with a batch: what follows from the batches cannot be told any more. */
  isDamaged = false
  /** What stands behind damage does not follow what stands before it. */
  isBehindDamage = false
  mayGap: boolean
  private readonly disk: ReadableDisk
  private readonly findings: Findings
  private snapshots: number[] = []

  constructor(
    circumstances: LogCircumstances,
    disk: ReadableDisk,
    findings: Findings,
    totals: Totals,
  ) {
    this.circumstances = circumstances
    this.disk = disk
    this.findings = findings
    this.totals = totals
    this.mayGap = circumstances.mayGap
    const path = this.pathOf(LEADER_EPOCHS)
    this.epochs = new EpochsCheck(
      checkedEpochs(disk.readFile(path), (text) => this.found('epoch-checkpoint', path, 0, text)),
      circumstances.logStartOffset ?? 0,
      (text, place) => this.found('epoch-checkpoint', path, place.offset ?? 0, text, place),
    )
  }

  async run(): Promise<FoundLog> {
    const { segments, snapshots } = this.names()
    this.snapshots = snapshots
    this.firstOffset = segments[0] ?? this.circumstances.logStartOffset ?? 0
    this.secondOffset = segments[1] ?? Infinity
    this.nextOffset = this.firstOffset
    this.totals.logs++
    let lastSize = 0
    for (const [i, baseOffset] of segments.entries()) {
      lastSize = this.disk.fileSize(this.pathOf(fileName(baseOffset, 'log')))
      const isLast = i === segments.length - 1
      await new SegmentCheck(this, this.disk, baseOffset, isLast).run(segments[i + 1])
    }
    this.checkSnapshots(Infinity)
    this.epochs.end(this.nextOffset)
    return { firstOffset: this.firstOffset, endOffset: this.nextOffset, lastSize }
  }

  /** Whether what concerns this offset may be wrong until the next start has set it right. */
  mayBeUnsaved(offset: number): boolean {
    const { isClean, recoveryPoint } = this.circumstances
    return !isClean && offset >= recoveryPoint
  }

  /** Whether a batch at this offset may be torn. */
  mayBeTorn(offset: number): boolean {
    return !this.circumstances.isRecovered && this.mayBeUnsaved(offset)
  }

  /** Something that is made from the batches, and made anew by a start that follows no clean stop, is wrong. */
  found(rule: Rule, path: string, offset: number, text: string, place: Place = {}): void {
    const severity: Severity = this.mayBeUnsaved(offset) ? 'note' : 'error'
    this.findings.add(rule, severity, path, text, place)
  }

  /** The batches themselves are wrong. */
  damaged(rule: Rule, path: string, text: string, position: number, offset: number): void {
    const severity: Severity = this.mayBeTorn(offset) ? 'note' : 'error'
    if (severity === 'note') this.isCut = true
    this.findings.add(rule, severity, path, text, { position, offset })
  }

  note(rule: Rule, path: string, text: string, place: Place = {}): void {
    this.findings.add(rule, 'note', path, text, place)
  }

  pathOf(name: string): string {
    return `${this.circumstances.folder}/${name}`
  }

  /** Compares the snapshots that lie at or before `offset`, with producers as the batches before have made them. */
  checkSnapshots(offset: number): void {
    while (this.snapshots.length > 0 && this.snapshots[0]! <= offset) {
      this.checkSnapshot(this.snapshots.shift()!)
    }
  }

  private checkSnapshot(offset: number): void {
    const path = this.pathOf(fileName(offset, 'snapshot'))
    const bytes = this.disk.readFile(path)
    if (!bytes) return
    const states = decodeProducerSnapshot(bytes)?.list()
    if (!states) {
      // They are not synced one by one. The newest that is whole is the one that counts, with the batches behind it.
      const isNeeded = this.circumstances.isClean && this.snapshots.length === 0
      const text = 'it is torn or no snapshot'
      this.findings.add('producer-snapshot', isNeeded ? 'error' : 'note', path, text, { offset })
      return
    }
    const text = this.snapshotFault(states, offset)
    if (text) this.found('producer-snapshot', path, offset, text, { offset })
  }

  private snapshotFault(states: readonly ProducerState[], offset: number): string | undefined {
    const { now, producerIdExpirationMs } = this.circumstances
    const { firstOffset } = this
    if (this.isDamaged || this.isCut || offset < firstOffset) return undefined
    if (offset > this.nextOffset) {
      return `it is of offset ${offset}, and the log ends at ${this.nextOffset}`
    }
    if (offset < this.nextOffset && !this.mayGap) return 'its offset lies within a batch'
    return snapshotFault(states, this.replay, {
      isWhole: firstOffset === 0,
      mayGap: this.mayGap,
      firstOffset,
      silentSince: now - producerIdExpirationMs,
    })
  }

  /** Sorts the folder's files by what they are, and says what should not be there. */
  private names(): Names {
    const names: Names = { segments: [], snapshots: [] }
    const indexes: { name: string; offset: number }[] = []
    for (const { name, isDirectory } of this.disk.list(this.circumstances.folder) ?? []) {
      const file = isDirectory ? undefined : parseFileName(name)
      if (file?.kind === 'log') names.segments.push(file.offset)
      else if (file?.kind === 'snapshot') names.snapshots.push(file.offset)
      else if (file) indexes.push({ name, offset: file.offset })
      else this.checkOther(name)
    }
    for (const { name, offset } of indexes) {
      // An empty segment may have indexes before it has a file; they are empty, too.
      if (names.segments.includes(offset) || this.disk.fileSize(this.pathOf(name)) === 0) continue
      this.found('orphan-file', this.pathOf(name), offset, 'an index has no segment', { offset })
    }
    names.segments.sort((a, b) => a - b)
    names.snapshots.sort((a, b) => a - b)
    return names
  }

  private checkOther(name: string): void {
    if (name === PARTITION_METADATA || name === LEADER_EPOCHS || name === 'quorum-state') return
    if (METADATA_SNAPSHOT.test(name)) return
    const path = this.pathOf(name)
    if (INTERMEDIATE.test(name)) this.note('intermediate', path, 'work on this file was cut short')
    else if (KEPT.test(name)) this.note('kept-remains', path, 'a recovery cut these bytes off')
    else this.note('unknown-file', path, 'this is no file of a log')
  }
}
