/** One look at what a fetch wants: leader epochs and limits checked, then all partitions read in one snapshot. */

import type { ErrorName } from '../../protocol/errors.ts'
import type { LogOffsets, LogRead, ReadResult, StorageEngine, Want } from '../../storage/engine.ts'
import type { Partition } from '../cluster/topic.ts'

/** What a fetch wants of one partition. Epochs of -1 are not checked. */
export interface FetchPart {
  partition: Partition
  offset: number
  maxBytes: number
  currentLeaderEpoch: number
  lastFetchedEpoch: number
}

export interface FetchTerms {
  maxWaitMs: number
  minBytes: number
  /** For all partitions together; only the first batch of the first partition that has any may exceed it. */
  maxBytes: number
  committedOnly: boolean
}

/** The answer for one partition, in the words of a Fetch response. */
export interface FetchedPart {
  partitionIndex: number
  errorCode: ErrorName
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  divergingEpoch?: { epoch: number; endOffset: number }
  abortedTransactions: { producerId: number; firstOffset: number }[] | null
  records: readonly Buffer[]
}

export interface Reading {
  /** In the order of the parts that were asked for. */
  parts: FetchedPart[]
  /** Bytes of records. */
  size: number
  /** An error or a diverging epoch: the answer cannot get better by waiting. */
  final: boolean
  /** Gives the records' buffers back; called once. */
  release: () => void
}

const NO_RECORDS: readonly Buffer[] = []
const NOTHING_READ: ReadResult = { reads: [], release() {} }

export function readOnce(
  engine: StorageEngine,
  parts: readonly FetchPart[],
  terms: FetchTerms,
): Reading | Promise<Reading> {
  const { committedOnly } = terms
  const wants: Want[] = []
  const answers = parts.map((part, i) => {
    const answer = judgeEpochs(engine, part) ?? judgeLimit(engine, part, terms, i === 0)
    if (!answer) {
      const { offset, maxBytes } = part
      wants.push({ log: part.partition.log, offset, maxBytes, committedOnly })
    }
    return answer
  })
  const limits = { maxBytes: Math.max(0, terms.maxBytes), firstWhole: true }
  const result = wants.length > 0 ? engine.read(wants, limits) : NOTHING_READ
  return result instanceof Promise
    ? result.then((read) => combine(parts, answers, read, terms))
    : combine(parts, answers, result, terms)
}

/** What a fetch is answered when nothing more is to be read for it: where its partitions stand, without records. */
export function withoutRecords(engine: StorageEngine, parts: readonly FetchPart[]): Reading {
  const answers = parts.map(({ partition }) => {
    const offsets = engine.offsets(partition.log)
    return offsets
      ? emptyPart(partition.index, offsets)
      : refusedPart(partition.index, 'UNKNOWN_TOPIC_OR_PARTITION')
  })
  return { parts: answers, size: 0, final: true, release() {} }
}

export function refusedPart(partitionIndex: number, errorCode: ErrorName): FetchedPart {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: null,
    records: NO_RECORDS,
  }
}

function emptyPart(partitionIndex: number, offsets: LogOffsets): FetchedPart {
  return {
    partitionIndex,
    errorCode: 'NONE',
    highWatermark: offsets.highWatermark,
    lastStableOffset: offsets.lastStableOffset,
    logStartOffset: offsets.logStartOffset,
    abortedTransactions: null,
    records: NO_RECORDS,
  }
}

/** Why this part is not read, where its epochs say so. */
function judgeEpochs(engine: StorageEngine, part: FetchPart): FetchedPart | undefined {
  const { partition, offset, currentLeaderEpoch, lastFetchedEpoch } = part
  if (currentLeaderEpoch < 0 && lastFetchedEpoch < 0) return undefined
  const offsets = engine.offsets(partition.log)
  if (!offsets) return undefined
  // Of a Fetch alone Kafka takes every negative epoch for none.
  const wrongEpoch = judgeLeaderEpoch(Math.max(currentLeaderEpoch, -1), offsets.leaderEpoch)
  if (wrongEpoch) return refusedPart(partition.index, wrongEpoch)
  if (lastFetchedEpoch < 0) return undefined
  // KIP-595: the client's last batch is of an epoch that ended, here, before the offset it asks for.
  const end = engine.epochEnd(partition.log, lastFetchedEpoch)
  if (!end || offset < offsets.logStartOffset) {
    return refusedPart(partition.index, 'OFFSET_OUT_OF_RANGE')
  }
  if (end.epoch >= lastFetchedEpoch && end.endOffset >= offset) return undefined
  return { ...emptyPart(partition.index, offsets), divergingEpoch: end }
}

/** Kafka fails at reading less than nothing: where there is something to be read, and the request's limit is that of its first partition alone. */
function judgeLimit(
  engine: StorageEngine,
  { partition, offset, maxBytes }: FetchPart,
  terms: FetchTerms,
  isFirst: boolean,
): FetchedPart | undefined {
  if (maxBytes >= 0 && (!isFirst || terms.maxBytes >= 0)) return undefined
  const offsets = engine.offsets(partition.log)
  if (!offsets || offset < offsets.logStartOffset) return undefined
  const end = terms.committedOnly ? offsets.lastStableOffset : offsets.highWatermark
  if (offset >= end) return undefined
  return refusedPart(partition.index, 'UNKNOWN_SERVER_ERROR')
}

/** KIP-320: what is wrong with the leader epoch that a client believes to be the current one; -1 is none. */
export function judgeLeaderEpoch(claimed: number, current: number): ErrorName | undefined {
  if (claimed === -1 || claimed === current) return undefined
  return claimed < current ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
}

function combine(
  parts: readonly FetchPart[],
  answers: readonly (FetchedPart | undefined)[],
  result: ReadResult,
  terms: FetchTerms,
): Reading {
  let size = 0
  let final = false
  let next = 0
  const combined = answers.map((answer, i) => {
    if (answer) {
      final = true
      return answer
    }
    const read = result.reads[next++]!
    if (read.error) final = true
    size += read.size
    return readPart(parts[i]!.partition.index, read, terms.committedOnly)
  })
  return { parts: combined, size, final, release: () => result.release() }
}

function readPart(partitionIndex: number, read: LogRead, committedOnly: boolean): FetchedPart {
  if (read.error) return refusedPart(partitionIndex, read.error)
  const part = emptyPart(partitionIndex, read)
  part.records = read.buffers
  if (committedOnly) part.abortedTransactions = [...read.abortedTransactions]
  return part
}
