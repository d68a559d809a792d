/** Appends to many logs: each batch judged at its place in the order, then on its own, or all of them together or none. */

import type { Append, AppendOutcome } from '../engine.ts'
import type { ProducerStates } from '../producer-state.ts'
import { AtomicGroup, type Commit } from './commit.ts'
import type { LogCatalog } from './log-catalog.ts'
import type { PartitionLog } from './partition-log.ts'

const FENCED: AppendOutcome = { kind: 'fenced' }
const NO_LOG: AppendOutcome = {
  kind: 'rejected',
  error: 'UNKNOWN_TOPIC_OR_PARTITION',
  message: 'There is no such log.',
}
const NOT_ATTEMPTED: AppendOutcome = {
  kind: 'rejected',
  error: 'OPERATION_NOT_ATTEMPTED',
  message: 'Another append of the same commit was refused.',
}

export function appendEach(catalog: LogCatalog, appends: readonly Append[], commit: Commit): void {
  for (let i = 0; i < appends.length; i++) {
    const append = appends[i]!
    const log = catalog.get(append.log)
    if (!log) commit.outcomes[i] = NO_LOG
    else if (log.offline || log.refusal) commit.outcomes[i] = offlineOutcome(log)
    else appendOne(log, append, commit, i)
  }
}

function appendOne(log: PartitionLog, append: Append, commit: Commit, index: number): void {
  const verdict = log.judge(append)
  if (verdict === 'fenced') {
    commit.outcomes[index] = FENCED
  } else if (verdict.kind === 'append') {
    putIn(log, append, commit, index)
  } else if (verdict.kind === 'duplicate') {
    const { baseOffset, lastOffset } = verdict.batch
    log.repeat(baseOffset, lastOffset, commit, index)
  } else {
    const { error, message } = verdict
    commit.outcomes[index] = { kind: 'rejected', error, message }
  }
}

/** The folder, a new segment or a snapshot may have to be written at once: a failure there is the log's, like a later one. */
function putIn(log: PartitionLog, { batch }: Append, commit: Commit, index: number): void {
  try {
    log.append(batch, commit, index)
  } catch (error) {
    log.onFailure(error, 'write')
    commit.outcomes[index] = offlineOutcome(log)
  }
}

function offlineOutcome({ offline, refusal }: PartitionLog): AppendOutcome {
  return {
    kind: 'rejected',
    error: 'KAFKA_STORAGE_ERROR',
    message: (offline ?? refusal)?.message ?? 'The log is offline.',
  }
}

/** A log as it would be with the batches of the call that are already judged. */
interface Stage {
  log: PartitionLog
  producers: ProducerStates
  nextOffset: number
}

export function appendAtomic(
  catalog: LogCatalog,
  appends: readonly Append[],
  commit: Commit,
): void {
  const stages = new Map<PartitionLog, Stage>()
  const refusals = appends.map((append) => judgeStaged(catalog, append, appends, stages))
  if (refusals.some((refusal) => refusal !== undefined)) {
    refusals.forEach((refusal, i) => {
      commit.outcomes[i] = refusal ?? NOT_ATTEMPTED
    })
    return
  }
  const grown = [...stages.values()].filter((stage) => stage.nextOffset > stage.log.logEndOffset)
  // One log's batches go out in one write, and are acknowledged together as they are.
  const group = grown.length > 1 ? new AtomicGroup() : undefined
  const barriers = group ? grown.map(({ log }) => ({ log, barrier: log.hold(group) })) : []
  appends.forEach((append, i) => {
    const log = catalog.get(append.log)!
    if (log.offline) commit.outcomes[i] = offlineOutcome(log)
    else appendOne(log, append, commit, i)
  })
  for (const { log, barrier } of barriers) barrier.end = log.logEndOffset
}

/** Why an append of an atomic call is refused; `undefined` when it is not. */
function judgeStaged(
  catalog: LogCatalog,
  append: Append,
  appends: readonly Append[],
  stages: Map<PartitionLog, Stage>,
): AppendOutcome | undefined {
  const log = catalog.get(append.log)
  if (!log) return NO_LOG
  if (log.offline || log.refusal) return offlineOutcome(log)
  let stage = stages.get(log)
  if (!stage) {
    const producerIds = appends.filter((other) => other.log === append.log)
    stage = {
      log,
      producers: log.producers.fork(producerIds.map(({ batch }) => batch.producerId)),
      nextOffset: log.logEndOffset,
    }
    stages.set(log, stage)
  }
  const verdict = log.judge(append, stage.producers)
  if (verdict === 'fenced') return FENCED
  if (verdict.kind === 'reject') {
    return { kind: 'rejected', error: verdict.error, message: verdict.message }
  }
  if (verdict.kind === 'append') {
    stage.producers.appended(append.batch, stage.nextOffset)
    stage.nextOffset += append.batch.lastOffsetDelta + 1
  }
  return undefined
}
