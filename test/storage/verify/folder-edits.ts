/** Changes the files of a sound data folder, one way or another. */

import { expect } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import {
  BatchView,
  batchesIn,
  sealBatch,
  setOffsetAndEpoch,
} from '../../../src/protocol/records/batch-view.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import { DIRECTORY, type SoundFolder } from './sound-folder.ts'

export const FIRST = 'orders-0/00000000000000000000'
export const CODECS = 'codecs-0/00000000000000000000'
export const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'

export let folder: SoundFolder

/** The folder that is changed from now on. */
export function useFolder(sound: SoundFolder): void {
  folder = sound
}

export function read(name: string): Buffer {
  return folder.disk.readFile(`${DIRECTORY}/${name}`)!
}

export function write(name: string, bytes: Buffer | string): void {
  folder.disk.writeFile(`${DIRECTORY}/${name}`, Buffer.from(bytes))
}

export function remove(name: string): void {
  folder.disk.remove(`${DIRECTORY}/${name}`)
}

export function names(log: string): string[] {
  return folder.disk
    .list(`${DIRECTORY}/${log}`)!
    .map(({ name }) => name)
    .toSorted()
}

/** Changes a file in place. */
export function edit(name: string, change: (bytes: Buffer) => void): void {
  const bytes = read(name)
  change(bytes)
  write(name, bytes)
}

/** Changes a file of text. */
export function replace(name: string, from: string | RegExp, to: string): void {
  const text = read(name).toString()
  expect(text).toMatch(from)
  write(name, text.replace(from, to))
}

/** Changes the n-th batch of a segment, and gives it a right checksum. */
export function editBatch(name: string, n: number, change: (bytes: Buffer) => void): void {
  const batches = [...batchesIn(read(name))].map(({ bytes }) => Buffer.from(bytes))
  change(batches[n]!)
  sealBatch(batches[n]!)
  write(name, Buffer.concat(batches))
}

export function batchOf(
  offset: number,
  options: Parameters<typeof buildBatch>[1] = {},
  epoch = 1,
): Buffer {
  const records = [{ key: null, value: Buffer.from('x'), timestamp: 1_700_000_999_000 }]
  const { bytes } = buildBatch(records, { ...options, baseOffset: offset, leaderEpoch: epoch })
  return bytes
}

export function firstOf(log: string): string {
  return names(log)
    .find((name) => name.endsWith('.log'))!
    .slice(0, 20)
}

export function secondOf(log: string): string {
  return `${log}/${names(log)
    .filter((name) => name.endsWith('.log'))[1]!
    .slice(0, 20)}`
}

export function abortOf(offset: number, producerId: number): Buffer {
  const { bytes } = buildMarker({
    type: 'ABORT',
    coordinatorEpoch: 1,
    producerId,
    producerEpoch: 0,
    timestamp: 1_700_000_999_001,
  })
  setOffsetAndEpoch(bytes, 0, offset, 1)
  return bytes
}

/** Puts batches at the end of a log, and everything else right. */
export function appendTo(log: string, ...batches: Buffer[]): void {
  const base = `${log}/${names(log)
    .filter((name) => name.endsWith('.log'))
    .at(-1)!
    .slice(0, 20)}`
  const whole = Buffer.concat([read(`${base}.log`), ...batches])
  write(`${base}.log`, whole)
  const views = batches.filter((bytes) => bytes.length > 61).map((bytes) => new BatchView(bytes))
  const end = views.at(-1)?.nextOffset
  if (end !== undefined) {
    replace(RECOVERY_POINTS, /codecs 0 \d+/, `codecs 0 ${end}`)
    const newest = views.reduce((a, b) => (b.maxTimestamp > a.maxTimestamp ? b : a))
    const entry = Buffer.alloc(12)
    entry.writeBigInt64BE(BigInt(newest.maxTimestamp), 0)
    entry.writeInt32BE(newest.lastOffset, 8)
    write(`${base}.timeindex`, entry)
    write(`${log}/leader-epoch-checkpoint`, '0\n2\n0 0\n1 10\n')
  }
  fixEndSize()
}

export function fixEndSize(): void {
  replace('odradek-end-size-checkpoint', /codecs 0 \d+/, `codecs 0 ${read(`${CODECS}.log`).length}`)
}
