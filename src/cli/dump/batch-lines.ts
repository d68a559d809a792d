/** Batches and records as lines: for people, or as JSON with one object a batch. */

import type { BatchView } from '../../protocol/records/batch-view.ts'
import { hasRightChecksum } from '../../protocol/records/batch-view.ts'
import { InvalidRecord } from '../../protocol/records/invalid-record.ts'
import { type BatchRecord, iterateRecords } from '../../protocol/records/record-iterator.ts'
import { jsonOf, shownBytes, shownTime } from './display.ts'
import { decodeRecord } from './record-decoder.ts'

export interface BatchPlace {
  topic: string
  partition: number
  /** Name of the file. */
  file: string
  position: number
}

export interface BatchOptions {
  batchesOnly: boolean
  /** Records before it are left out. */
  fromOffset: number
  /** Most records. */
  limit: number
}

/** What is printed of one batch, and how many records are in it. */
export interface PrintedBatch {
  lines: string[]
  records: number
}

export function batchText(
  batch: BatchView,
  place: BatchPlace,
  options: BatchOptions,
): PrintedBatch {
  const lines = [headLine(batch, place.position)]
  if (options.batchesOnly) return { lines, records: 0 }
  let records = 0
  const fault = eachRecord(batch, options, (record) => {
    records++
    lines.push(recordLine(record, batch, place.topic))
  })
  if (fault) lines.push(`    the records cannot be read: ${fault}`)
  return { lines, records }
}

export function batchJson(
  batch: BatchView,
  place: BatchPlace,
  options: BatchOptions,
): PrintedBatch {
  const records: unknown[] = []
  const fault = options.batchesOnly
    ? undefined
    : eachRecord(batch, options, (record) => records.push(recordJson(record, batch, place.topic)))
  const line = {
    ...place,
    ...headerOf(batch),
    ...(options.batchesOnly ? {} : { records }),
    ...(fault === undefined ? {} : { fault }),
  }
  return { lines: [jsonOf(line)], records: records.length }
}

function headerOf(batch: BatchView): object {
  return {
    baseOffset: batch.baseOffset,
    lastOffset: batch.lastOffset,
    recordCount: batch.recordCount,
    sizeInBytes: batch.sizeInBytes,
    partitionLeaderEpoch: batch.partitionLeaderEpoch,
    compression: compressionOf(batch),
    timestampType: batch.timestampType,
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: batch.producerId,
    producerEpoch: batch.producerEpoch,
    baseSequence: batch.baseSequence,
    isTransactional: batch.isTransactional,
    isControl: batch.isControl,
    ...(batch.hasDeleteHorizon ? { deleteHorizon: batch.baseTimestamp } : {}),
    crc: batch.crc,
    isChecksumRight: hasRightChecksum(batch.bytes),
  }
}

function headLine(batch: BatchView, position: number): string {
  const { baseOffset, lastOffset, recordCount, sizeInBytes, producerId } = batch
  const parts = [
    `${recordCount} ${recordCount === 1 ? 'record' : 'records'}`,
    `${sizeInBytes} bytes at ${position}`,
    shownTime(batch.maxTimestamp),
    `epoch ${batch.partitionLeaderEpoch}`,
  ]
  const compression = compressionOf(batch)
  if (compression !== 'none') parts.push(compression)
  if (batch.timestampType === 'LogAppendTime') parts.push('append time')
  if (producerId >= 0) {
    const sequences = batch.isControl
      ? ''
      : `, sequence ${batch.baseSequence}-${batch.lastSequence}`
    parts.push(`producer ${producerId} epoch ${batch.producerEpoch}${sequences}`)
  }
  if (batch.isTransactional) parts.push('transactional')
  if (batch.isControl) parts.push('control')
  if (batch.hasDeleteHorizon) parts.push(`delete horizon ${shownTime(batch.baseTimestamp)}`)
  if (!hasRightChecksum(batch.bytes)) parts.push('WRONG CHECKSUM')
  return `  batch ${baseOffset}-${lastOffset}: ${parts.join(', ')}`
}

function recordLine(record: BatchRecord, batch: BatchView, topic: string): string {
  const { offset, timestamp, key, value, headers } = record
  const decoded = decodeRecord(topic, batch.isControl, key, value)
  const shown = decoded
    ? `${decoded.type}${part('key', decoded.key)}${part('value', decoded.value)}`
    : `key ${shownBytes(key)}  value ${shownBytes(value)}`
  const shownHeaders = headers.map((header) => `${header.key}=${shownBytes(header.value)}`)
  const tail = shownHeaders.length > 0 ? `  headers ${shownHeaders.join(' ')}` : ''
  return `    ${offset}  ${shownTime(timestamp)}  ${shown}${tail}`
}

function part(name: string, value: unknown): string {
  return value === undefined ? '' : `  ${name} ${jsonOf(value)}`
}

function recordJson(record: BatchRecord, batch: BatchView, topic: string): object {
  const { offset, timestamp, key, value, headers } = record
  const decoded = decodeRecord(topic, batch.isControl, key, value)
  return { offset, timestamp, key, value, headers, ...(decoded ? { decoded } : {}) }
}

/** Calls for each record wanted; gives why the rest cannot be read. */
function eachRecord(
  batch: BatchView,
  { fromOffset, limit }: BatchOptions,
  call: (record: BatchRecord) => void,
): string | undefined {
  let left = limit
  try {
    for (const record of iterateRecords(batch)) {
      if (record.offset < fromOffset) continue
      if (left-- <= 0) return undefined
      call(record)
    }
    return undefined
  } catch (error) {
    if (error instanceof InvalidRecord) return error.message
    throw error
  }
}

function compressionOf(batch: BatchView): string {
  try {
    return batch.compression
  } catch {
    return 'unknown'
  }
}
