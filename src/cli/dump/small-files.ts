/** What lies beside the batches: indexes, snapshots of producers, checkpoints. One entry a line. */

import { readInt64 } from '../../protocol/records/batch-view.ts'
import { parseFileName } from '../../storage/file/log-folder.ts'
import { decodeProducerSnapshot } from '../../storage/file/producer-snapshot.ts'
import { jsonOf, shownTime } from './display.ts'

type Entry = Record<string, unknown>

/** The entries of a file by its name; `undefined` where the name says that it has none that are known. */
export function entriesOf(name: string, bytes: Buffer): Entry[] | undefined {
  const file = parseFileName(name)
  const base = file?.offset ?? 0
  if (file?.kind === 'index') return offsetEntries(bytes, base)
  if (file?.kind === 'timeindex') return timeEntries(bytes, base)
  if (file?.kind === 'txnindex') return transactionEntries(bytes)
  if (file?.kind === 'snapshot') return producerEntries(bytes)
  if (name === 'leader-epoch-checkpoint') return checkpointEntries(bytes, ['epoch', 'startOffset'])
  if (name.endsWith('-checkpoint'))
    return checkpointEntries(bytes, ['topic', 'partition', 'offset'])
  if (name.endsWith('.properties')) return propertyEntries(bytes, '=')
  if (name === 'partition.metadata') return propertyEntries(bytes, ': ')
  return undefined
}

/** An entry for people, or as JSON. */
export function entryLine(entry: Entry, isJson: boolean): string {
  if (isJson) return jsonOf(entry)
  const shown = Object.entries(entry).map(([name, value]) => {
    const isTime = /timestamp/i.test(name) && typeof value === 'number'
    return `${name} ${isTime ? shownTime(value) : typeof value === 'string' ? value : jsonOf(value)}`
  })
  return `  ${shown.join('  ')}`
}

function* fixed(bytes: Buffer, size: number): Generator<number, void, undefined> {
  for (let at = 0; at + size <= bytes.length; at += size) yield at
}

function offsetEntries(bytes: Buffer, base: number): Entry[] {
  return Array.from(fixed(bytes, 8), (at) => ({
    offset: base + bytes.readInt32BE(at),
    position: bytes.readInt32BE(at + 4),
  }))
}

function timeEntries(bytes: Buffer, base: number): Entry[] {
  return Array.from(fixed(bytes, 12), (at) => ({
    timestamp: readInt64(bytes, at),
    offset: base + bytes.readInt32BE(at + 8),
  }))
}

function transactionEntries(bytes: Buffer): Entry[] {
  return Array.from(fixed(bytes, 34), (at) => ({
    producerId: readInt64(bytes, at + 2),
    firstOffset: readInt64(bytes, at + 10),
    lastOffset: readInt64(bytes, at + 18),
    lastStableOffset: readInt64(bytes, at + 26),
  }))
}

function producerEntries(bytes: Buffer): Entry[] {
  const states = decodeProducerSnapshot(bytes)?.list()
  if (!states) return [{ fault: 'it is torn or no snapshot' }]
  return states.map((state) => {
    const last = state.batches.at(-1)
    return {
      producerId: state.producerId,
      producerEpoch: state.producerEpoch,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      lastTimestamp: state.lastTimestamp,
      coordinatorEpoch: state.coordinatorEpoch,
      currentTransactionStartOffset: state.currentTransactionStartOffset,
      earlierBatches: Math.max(0, state.batches.length - 1),
    }
  })
}

function checkpointEntries(bytes: Buffer, names: readonly string[]): Entry[] {
  const [version = '', , ...lines] = bytes.toString('utf8').split('\n')
  if (version !== '0') return [{ fault: `its version is '${version.slice(0, 20)}', not 0` }]
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const words = line.split(' ')
      const entry = names.map((name, i) => {
        const word = words[i] ?? ''
        return [name, name === 'topic' || word === '' ? word : Number(word)] as const
      })
      return Object.fromEntries(entry)
    })
}

function propertyEntries(bytes: Buffer, separator: string): Entry[] {
  return bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#') && line.includes(separator))
    .map((line) => {
      const at = line.indexOf(separator)
      return { [line.slice(0, at)]: line.slice(at + separator.length) }
    })
}
