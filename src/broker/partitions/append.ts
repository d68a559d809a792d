/**
 * Produced batches on their way into the logs: validated, then appended, all of one request in one commit.
 *
 * Validation may take long, and then has to wait for its turn. Offsets are still given out in the order in which requests came: a request whose logs are
 * free goes straight to the engine; any other waits in the lane of each of its logs behind those that came before.
 */

import type { Clock } from '../../clock.ts'
import type { Logger } from '../../logger.ts'
import type { ErrorName } from '../../protocol/errors.ts'
import type { BatchView } from '../../protocol/records/batch-view.ts'
import {
  type ProduceContext,
  type ProduceRules,
  type RefusedBatch,
  type ValidatedBatch,
  validateProduced,
} from '../../protocol/records/validate.ts'
import type { Append, AppendOutcome, StorageEngine } from '../../storage/engine.ts'
import { Slots } from '../../slots.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Partition, Topic } from '../cluster/topic.ts'
import type { TopicConfig } from '../config/topic-config.ts'
import { Lanes } from './lanes.ts'

/** How many large batches are inflated or compressed at a time. */
const LONG_CHECKS = 2

/** The records that one request has for one partition. */
export interface Write {
  partition: Partition
  records: Buffer | null
}

/** What became of a write, in the words of a Produce response. */
export interface WriteResult {
  index: number
  errorCode: ErrorName
  baseOffset: number
  logAppendTimeMs: number
  logStartOffset: number
  recordErrors?: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[]
  errorMessage?: string | null
}

export class Appender {
  private readonly engine: StorageEngine
  private readonly cluster: Cluster
  private readonly log: Logger
  private readonly lanes = new Lanes()
  private readonly longChecks = new Slots(LONG_CHECKS)
  private readonly pause: () => Promise<void>
  /** A topic object is replaced when its configs change. */
  private readonly rules = new WeakMap<TopicConfig, ProduceRules>()

  constructor(services: {
    engine: StorageEngine
    cluster: Cluster
    clock: Clock
    log: Logger
  }) {
    this.engine = services.engine
    this.cluster = services.cluster
    this.log = services.log
    this.pause = () => new Promise((resolve) => services.clock.soon(resolve))
  }

  append(writes: readonly Write[], context: ProduceContext): Promise<WriteResult[]> {
    const { readOnly } = this.cluster
    if (readOnly !== undefined) {
      const refused = writes.map(({ partition: { index } }) =>
        refusedWrite(index, 'POLICY_VIOLATION', readOnly),
      )
      return Promise.resolve(refused)
    }
    const judged: (ValidatedBatch | Promise<ValidatedBatch>)[] = []
    let isFree = true
    for (const { partition, records } of writes) {
      const rules = this.rulesOf(partition.topic)
      const one = validateProduced(records, partition.index, rules, context)
      const isLong = typeof one === 'function'
      judged.push(isLong ? this.longChecks.run(() => one(this.pause)) : one)
      isFree &&= !isLong && this.lanes.isFree(partition.log)
    }
    if (isFree) return this.commit(writes, judged as ValidatedBatch[])
    const logs = writes.map(({ partition }) => partition.log)
    const allJudged = Promise.all(judged.map((one) => Promise.resolve(one)))
    return this.lanes.inTurn(logs, allJudged, (all) => this.commit(writes, all))
  }

  private async commit(
    writes: readonly Write[],
    judged: readonly ValidatedBatch[],
  ): Promise<WriteResult[]> {
    const appends: Append[] = []
    for (let i = 0; i < judged.length; i++) {
      const { batch } = judged[i]!
      if (batch) appends.push({ log: writes[i]!.partition.log, batch })
    }
    const outcomes = appends.length > 0 ? await this.engine.append(appends) : []
    let next = 0
    return writes.map((write, i) => {
      const one = judged[i]!
      return one.batch
        ? this.resultOf(write, one.batch, outcomes[next++]!)
        : this.refusalOf(write, one)
    })
  }

  private resultOf({ partition }: Write, batch: BatchView, outcome: AppendOutcome): WriteResult {
    switch (outcome.kind) {
      case 'appended':
      case 'duplicate': {
        // A repeated batch is answered with a time even where the client sets it, as Kafka does.
        const isTimed = outcome.kind === 'duplicate' || batch.timestampType === 'LogAppendTime'
        return {
          index: partition.index,
          errorCode: 'NONE',
          baseOffset: outcome.baseOffset,
          logAppendTimeMs: isTimed ? batch.maxTimestamp : -1,
          logStartOffset: outcome.logStartOffset,
        }
      }
      case 'rejected': {
        const result = refusedWrite(partition.index, outcome.error, outcome.message)
        return isOutOfReach(outcome.error) ? result : this.withLogStart(partition, result)
      }
      case 'fenced':
        return refusedWrite(partition.index, 'NOT_LEADER_OR_FOLLOWER')
    }
  }

  private refusalOf({ partition }: Write, refused: RefusedBatch): WriteResult {
    const { error, message, recordErrors, reason, byLog } = refused
    this.log.debug({ partition: partition.log, topic: partition.topic.name, error }, reason)
    const result = refusedWrite(partition.index, error, message)
    if (recordErrors.length > 0) {
      result.recordErrors = recordErrors.map(({ batchIndex, message: batchIndexErrorMessage }) => ({
        batchIndex,
        batchIndexErrorMessage,
      }))
    }
    return byLog ? this.withLogStart(partition, result) : result
  }

  private withLogStart({ log }: Partition, result: WriteResult): WriteResult {
    result.logStartOffset = this.engine.offsets(log)?.logStartOffset ?? -1
    return result
  }

  private rulesOf(topic: Topic): ProduceRules {
    const config = this.cluster.topicConfig(topic)
    const known = this.rules.get(config)
    if (known) return known
    const rules: ProduceRules = {
      topic: topic.name,
      maxMessageBytes: config.get('max.message.bytes'),
      maxInflatedRecordBytes: config.get('max.decompressed.message.bytes'),
      segmentBytes: config.get('segment.bytes'),
      compacted: config.get('cleanup.policy').includes('compact'),
      timestampType: config.get('message.timestamp.type') as ProduceRules['timestampType'],
      timestampBeforeMaxMs: config.get('message.timestamp.before.max.ms'),
      timestampAfterMaxMs: config.get('message.timestamp.after.max.ms'),
      compression: config.get('compression.type') as ProduceRules['compression'],
      compressionLevels: {
        gzip: config.get('compression.gzip.level'),
        zstd: config.get('compression.zstd.level'),
      },
    }
    this.rules.set(config, rules)
    return rules
  }
}

export function refusedWrite(
  index: number,
  errorCode: ErrorName,
  errorMessage: string | null = null,
): WriteResult {
  const nowhere = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 }
  return { index, errorCode, ...nowhere, errorMessage }
}

/** The log itself could not be asked, so that its start is not told. */
function isOutOfReach(error: ErrorName): boolean {
  return error === 'KAFKA_STORAGE_ERROR' || error === 'UNKNOWN_TOPIC_OR_PARTITION'
}
