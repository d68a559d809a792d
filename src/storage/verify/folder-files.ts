/** The small files of a data folder: whose it is, and its checkpoints against the logs that they speak of. */

import {
  END_SIZES,
  LOG_STARTS,
  type OffsetCheckpoint,
  RECOVERY_POINTS,
} from '../file/checkpoints.ts'
import { FORMAT, META_PROPERTIES, parseProperties } from '../file/meta-properties.ts'
import { readCheckpoint } from './checkpoint-check.ts'
import type { FoundLog, LogCheck } from './log-check.ts'
import type { ReadableDisk } from './readable-disk.ts'
import type { Findings } from './violation.ts'

const CLEANER_OFFSETS = 'cleaner-offset-checkpoint'
const HIGH_WATERMARKS = 'replication-offset-checkpoint'
const UUID = /^[A-Za-z0-9_-]{22}$/

export class FolderFiles {
  readonly recoveryPoints: OffsetCheckpoint
  readonly logStarts: OffsetCheckpoint
  readonly cleanerOffsets: OffsetCheckpoint
  private readonly highWatermarks: OffsetCheckpoint
  private readonly endSizes: OffsetCheckpoint
  private readonly disk: ReadableDisk
  private readonly directory: string
  private readonly findings: Findings
  private readonly isClean: boolean
  private readonly identity: ReadonlyMap<string, string>

  constructor(disk: ReadableDisk, directory: string, findings: Findings, isClean: boolean) {
    this.disk = disk
    this.directory = directory
    this.findings = findings
    this.isClean = isClean
    this.identity = parseProperties(disk.readFile(this.pathOf(META_PROPERTIES)))
    this.recoveryPoints = this.read(RECOVERY_POINTS)
    this.logStarts = this.read(LOG_STARTS)
    this.cleanerOffsets = this.read(CLEANER_OFFSETS)
    this.highWatermarks = this.read(HIGH_WATERMARKS)
    this.endSizes = this.read(END_SIZES)
  }

  /** Whose folder this is. */
  checkIdentity(hasLogs: boolean): void {
    const path = this.pathOf(META_PROPERTIES)
    const blame = (text: string): void => this.findings.add('meta-properties', 'error', path, text)
    const { identity } = this
    if (identity.size === 0) {
      if (hasLogs) blame('it is missing, and there are logs')
      return
    }
    if (identity.get('version') !== '1')
      blame(`it has version ${identity.get('version') ?? 'none'}, not 1`)
    if (!identity.get('cluster.id')) blame('it does not say the cluster.id')
    if (!/^\d{1,10}$/.test(identity.get('node.id') ?? '')) blame('its node.id is no number')
    const directoryId = identity.get('directory.id')
    if (directoryId !== undefined && !UUID.test(directoryId)) blame('its directory.id is no uuid')
    const format = identity.get('odradek.format')
    if (format !== undefined && !(Number(format) <= FORMAT)) {
      blame(`its odradek.format is ${format}, and this version knows formats up to ${FORMAT}`)
    }
  }

  /** What the checkpoints say of a log that was walked. */
  checkLog(name: string, { firstOffset, endOffset, lastSize }: FoundLog, check: LogCheck): void {
    // The next start decides where a log ends that is cut there.
    if (!check.isCut) this.checkBounds(name, endOffset)
    this.checkStart(name, firstOffset, endOffset, check)
    const endSize = this.endSizes.get(name)
    if (this.isClean && this.isOurs && endSize !== undefined && endSize !== lastSize) {
      const text = `${name} had a last segment of ${endSize} bytes at the stop, and it has ${lastSize}`
      this.blame('end-size', END_SIZES, text)
    }
  }

  /** Logs that had records, and have no folder. */
  checkMissing(names: ReadonlySet<string>): void {
    for (const [name, offset] of this.recoveryPoints) {
      if (offset === 0 || names.has(name)) continue
      this.blame('missing-log', RECOVERY_POINTS, `${name} had records up to ${offset}`, offset)
    }
  }

  get isOurs(): boolean {
    return this.identity.has('odradek.format')
  }

  private checkBounds(name: string, endOffset: number): void {
    const recoveryPoint = this.recoveryPoints.get(name)
    if (recoveryPoint !== undefined && recoveryPoint > endOffset) {
      const text = `${name} had records up to ${recoveryPoint}, and it ends at ${endOffset}`
      this.blame('recovery-point', RECOVERY_POINTS, text, recoveryPoint)
    } else if (this.isClean && this.isOurs && (recoveryPoint ?? 0) !== endOffset) {
      const text = `${name} was stopped at ${recoveryPoint ?? 0}, and it ends at ${endOffset}`
      this.blame('recovery-point', RECOVERY_POINTS, text, recoveryPoint)
    }
    const cleaned = this.cleanerOffsets.get(name)
    if (cleaned !== undefined && cleaned > endOffset) {
      const text = `${name} is cleaned up to ${cleaned}, and it ends at ${endOffset}`
      this.blame('cleaner-offset', CLEANER_OFFSETS, text, cleaned)
    }
    const highWatermark = this.highWatermarks.get(name)
    if (highWatermark !== undefined && highWatermark > endOffset) {
      const text = `${name} has the high watermark ${highWatermark}, and it ends at ${endOffset}`
      this.blame('high-watermark', HIGH_WATERMARKS, text, highWatermark)
    }
  }

  private checkStart(name: string, firstOffset: number, endOffset: number, check: LogCheck): void {
    const logStart = this.logStarts.get(name)
    if (logStart !== undefined && logStart > endOffset && !check.isCut) {
      const text = `${name} starts at ${logStart}, and it ends at ${endOffset}`
      this.blame('log-start', LOG_STARTS, text, logStart)
    } else if (logStart !== undefined && check.secondOffset <= logStart) {
      const text = `the log starts at ${logStart}, behind its first segment`
      check.note('past-segment', check.pathOf(''), text, { offset: logStart })
    }
    // Kafka lets a log start with whatever segment is left.
    if (!this.isOurs) return
    const isStartGone =
      logStart === undefined ? check.epochs.knowsBefore(firstOffset) : logStart < firstOffset
    if (!isStartGone) return
    const text = `${name} had records before ${firstOffset}, and they are gone`
    this.blame('log-start', LOG_STARTS, text, firstOffset)
  }

  private read(name: string): OffsetCheckpoint {
    const { offsets, fault } = readCheckpoint(this.disk.readFile(this.pathOf(name)))
    if (fault) this.blame('checkpoint-format', name, fault)
    return offsets
  }

  private blame(
    rule: Parameters<Findings['add']>[0],
    file: string,
    text: string,
    offset?: number,
  ): void {
    const place = offset === undefined ? {} : { offset }
    this.findings.add(rule, 'error', this.pathOf(file), text, place)
  }

  private pathOf(name: string): string {
    return `${this.directory}/${name}`
  }
}
