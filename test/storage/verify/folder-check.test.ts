import { beforeEach, describe, expect, it } from 'vitest'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import {
  ATTRIBUTES,
  BatchView,
  batchesIn,
  LAST_OFFSET_DELTA,
  MAX_TIMESTAMP,
  RECORD_COUNT,
  sealBatch,
  setOffsetAndEpoch,
} from '../../../src/protocol/records/batch-view.ts'
import { buildMarker } from '../../../src/protocol/records/control-records.ts'
import type { Rule } from '../../../src/storage/verify/violation.ts'
import { DIRECTORY, makeSoundFolder, type SoundFolder, violationsIn } from './sound-folder.ts'

const FIRST = 'orders-0/00000000000000000000'
const CODECS = 'codecs-0/00000000000000000000'
const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'

let folder: SoundFolder

function read(name: string): Buffer {
  return folder.disk.readFile(`${DIRECTORY}/${name}`)!
}

function write(name: string, bytes: Buffer | string): void {
  folder.disk.writeFile(`${DIRECTORY}/${name}`, Buffer.from(bytes))
}

function remove(name: string): void {
  folder.disk.remove(`${DIRECTORY}/${name}`)
}

function names(log: string): string[] {
  return folder.disk
    .list(`${DIRECTORY}/${log}`)!
    .map(({ name }) => name)
    .toSorted()
}

/** Changes a file in place. */
function edit(name: string, change: (bytes: Buffer) => void): void {
  const bytes = read(name)
  change(bytes)
  write(name, bytes)
}

/** Changes a file of text. */
function replace(name: string, from: string | RegExp, to: string): void {
  const text = read(name).toString()
  expect(text).toMatch(from)
  write(name, text.replace(from, to))
}

/** Changes the n-th batch of a segment, and gives it a right checksum. */
function editBatch(name: string, n: number, change: (bytes: Buffer) => void): void {
  const batches = [...batchesIn(read(name))].map(({ bytes }) => Buffer.from(bytes))
  change(batches[n]!)
  sealBatch(batches[n]!)
  write(name, Buffer.concat(batches))
}

function batchOf(
  offset: number,
  options: Parameters<typeof buildBatch>[1] = {},
  epoch = 1,
): Buffer {
  const records = [{ key: null, value: Buffer.from('x'), timestamp: 1_700_000_999_000 }]
  const { bytes } = buildBatch(records, { ...options, baseOffset: offset, leaderEpoch: epoch })
  return bytes
}

async function expectOnly(rule: Rule, file: string): Promise<void> {
  const found = await violationsIn(folder)
  expect(
    found.map((violation) => `${violation.severity} ${violation.rule} ${violation.file}`),
  ).toContain(`error ${rule} ${file}`)
  for (const { text, advice } of found) {
    expect(text.length).toBeGreaterThan(10)
    expect(advice.length).toBeGreaterThan(10)
  }
  // One fault is told once, and not as ten that follow from it.
  expect(
    new Set(found.filter(({ severity }) => severity === 'error').map((one) => one.rule)),
  ).toEqual(new Set([rule]))
}

describe('the checker of a data folder', () => {
  beforeEach(async () => {
    folder = await makeSoundFolder()
  })

  it('finds nothing in a sound one, which has several segments, and changes nothing', async () => {
    folder.disk.fault = (verb) => (verb === 'open' || verb === 'read' ? undefined : 'EROFS')
    expect(await violationsIn(folder)).toEqual([])
    folder.disk.fault = undefined
    expect(names('orders-0').filter((name) => name.endsWith('.log')).length).toBeGreaterThan(2)
  })

  const corruptions: [what: string, rule: Rule, file: string, corrupt: () => void][] = [
    [
      'a flipped bit in a record',
      'batch-checksum',
      `${FIRST}.log`,
      () => edit(`${FIRST}.log`, (bytes) => (bytes[100]! ^= 1)),
    ],
    [
      'a batch that claims too much',
      'batch-framing',
      `${FIRST}.log`,
      () => edit(`${FIRST}.log`, (bytes) => bytes.writeInt32BE(0x7000_0000, 8)),
    ],
    [
      'a batch that claims too little',
      'batch-framing',
      `${FIRST}.log`,
      () => edit(`${FIRST}.log`, (bytes) => bytes.writeInt32BE(3, 8)),
    ],
    [
      'a cut off batch',
      'batch-framing',
      `${FIRST}.log`,
      () => write(`${FIRST}.log`, read(`${FIRST}.log`).subarray(0, -3)),
    ],
    [
      'a wrong record count',
      'batch-header',
      `${FIRST}.log`,
      () => editBatch(`${FIRST}.log`, 1, (bytes) => bytes.writeInt32BE(9, RECORD_COUNT)),
    ],
    [
      'a negative offset delta',
      'batch-header',
      `${FIRST}.log`,
      () => editBatch(`${FIRST}.log`, 1, (bytes) => bytes.writeInt32BE(-1, LAST_OFFSET_DELTA)),
    ],
    [
      'unknown attributes',
      'batch-header',
      `${FIRST}.log`,
      () => editBatch(`${FIRST}.log`, 1, (bytes) => bytes.writeInt16BE(0x400, ATTRIBUTES)),
    ],
    [
      'fewer records than counted',
      'batch-records',
      `${FIRST}.log`,
      () => editBatch(`${FIRST}.log`, 1, (bytes) => bytes.writeInt32BE(1, RECORD_COUNT)),
    ],
    [
      'records that do not inflate',
      'batch-records',
      `${CODECS}.log`,
      () => editBatch(`${CODECS}.log`, 1, (bytes) => bytes.fill(0x55, 70)),
    ],
    [
      'a codec that does not exist',
      'batch-records',
      `${CODECS}.log`,
      () => editBatch(`${CODECS}.log`, 0, (bytes) => bytes.writeInt16BE(7, ATTRIBUTES)),
    ],
    [
      'a wrong largest timestamp',
      'batch-timestamp',
      `${FIRST}.log`,
      () => editBatch(`${FIRST}.log`, 1, (bytes) => bytes.writeInt32BE(7, MAX_TIMESTAMP + 4)),
    ],
    [
      'a batch that is there twice',
      'offset-order',
      `${CODECS}.log`,
      () => {
        const bytes = read(`${CODECS}.log`)
        const [first] = batchesIn(bytes)
        write(`${CODECS}.log`, Buffer.concat([first!.bytes, bytes]))
        fixEndSize()
      },
    ],
    [
      'a batch that is missing',
      'offset-gap',
      `${FIRST}.log`,
      () => {
        const [first, , ...rest] = [...batchesIn(read(`${FIRST}.log`))]
        write(`${FIRST}.log`, Buffer.concat([first!.bytes, ...rest.map(({ bytes }) => bytes)]))
        remove(`${FIRST}.index`)
        remove(`${FIRST}.timeindex`)
        write(`${FIRST}.index`, '')
      },
    ],
    [
      'a sequence that was to come later',
      'sequence-order',
      `${CODECS}.log`,
      () =>
        appendTo(
          'codecs-0',
          batchOf(10, { producerId: 9, producerEpoch: 0, baseSequence: 0 }),
          batchOf(11, { producerId: 9, producerEpoch: 0, baseSequence: 5 }),
        ),
    ],
    [
      'a producer epoch that goes back',
      'sequence-order',
      `${CODECS}.log`,
      () =>
        appendTo(
          'codecs-0',
          batchOf(10, { producerId: 9, producerEpoch: 3, baseSequence: 0 }),
          batchOf(11, { producerId: 9, producerEpoch: 2, baseSequence: 1 }),
        ),
    ],
    [
      'a leader epoch that goes back',
      'epoch-order',
      `${CODECS}.log`,
      () => {
        write('codecs-0/leader-epoch-checkpoint', '0\n0\n')
        appendTo('codecs-0', batchOf(10, {}, 7), batchOf(11, {}, 5))
        write('codecs-0/leader-epoch-checkpoint', '0\n3\n0 0\n7 10\n8 12\n')
      },
    ],
    [
      'an epoch that the checkpoint does not know',
      'epoch-checkpoint',
      'orders-0/leader-epoch-checkpoint',
      () => write('orders-0/leader-epoch-checkpoint', '0\n1\n0 20\n'),
    ],
    [
      'another epoch in the checkpoint',
      'epoch-checkpoint',
      'orders-0/leader-epoch-checkpoint',
      () => write('orders-0/leader-epoch-checkpoint', '0\n1\n4 0\n'),
    ],
    [
      'epochs out of order',
      'epoch-checkpoint',
      'orders-0/leader-epoch-checkpoint',
      () => write('orders-0/leader-epoch-checkpoint', '0\n2\n0 0\n0 9\n'),
    ],
    [
      'an epoch behind the end',
      'epoch-checkpoint',
      'orders-0/leader-epoch-checkpoint',
      () => write('orders-0/leader-epoch-checkpoint', '0\n2\n0 0\n1 999\n'),
    ],
    [
      'an index entry of another offset',
      'offset-index',
      `${FIRST}.index`,
      () => edit(`${FIRST}.index`, (bytes) => bytes.writeInt32BE(bytes.readInt32BE(0) - 1, 0)),
    ],
    [
      'an index entry that points between batches',
      'offset-index',
      `${FIRST}.index`,
      () => edit(`${FIRST}.index`, (bytes) => bytes.writeInt32BE(bytes.readInt32BE(4) + 1, 4)),
    ],
    [
      'an index entry that points behind the end',
      'offset-index',
      `${FIRST}.index`,
      () =>
        write(
          `${FIRST}.index`,
          Buffer.concat([read(`${FIRST}.index`), Buffer.from([0, 0, 0, 99, 0, 1, 0, 0])]),
        ),
    ],
    [
      'a torn offset index',
      'offset-index',
      `${FIRST}.index`,
      () => write(`${FIRST}.index`, read(`${FIRST}.index`).subarray(0, -3)),
    ],
    ['a missing offset index', 'offset-index', `${FIRST}.index`, () => remove(`${FIRST}.index`)],
    [
      'a time index entry of another time',
      'time-index',
      `${FIRST}.timeindex`,
      () => edit(`${FIRST}.timeindex`, (bytes) => (bytes[7]! ^= 1)),
    ],
    [
      'a time index that ends early',
      'time-index',
      `${FIRST}.timeindex`,
      () => write(`${FIRST}.timeindex`, read(`${FIRST}.timeindex`).subarray(0, -12)),
    ],
    [
      'a missing time index',
      'time-index',
      `${FIRST}.timeindex`,
      () => remove(`${FIRST}.timeindex`),
    ],
    [
      'a transaction index of what was not aborted',
      'transaction-index',
      `${FIRST}.txnindex`,
      () => write(`${FIRST}.txnindex`, Buffer.alloc(34)),
    ],
    [
      'a torn transaction index',
      'transaction-index',
      `${FIRST}.txnindex`,
      () => write(`${FIRST}.txnindex`, Buffer.alloc(20)),
    ],
    [
      'an aborted transaction that no index has',
      'transaction-index',
      `${CODECS}.txnindex`,
      () =>
        appendTo(
          'codecs-0',
          batchOf(10, { producerId: 9, producerEpoch: 0, baseSequence: 0, transactional: true }),
          abortOf(11, 9),
        ),
    ],
    [
      'a torn snapshot',
      'producer-snapshot',
      'orders-0/00000000000000000060.snapshot',
      () => edit('orders-0/00000000000000000060.snapshot', (bytes) => (bytes[20]! ^= 1)),
    ],
    [
      'a snapshot behind the end',
      'producer-snapshot',
      'orders-0/00000000000000000099.snapshot',
      () =>
        write(
          'orders-0/00000000000000000099.snapshot',
          read('orders-0/00000000000000000060.snapshot'),
        ),
    ],
    [
      'a snapshot of another offset',
      'producer-snapshot',
      'orders-0/00000000000000000040.snapshot',
      () =>
        write(
          'orders-0/00000000000000000040.snapshot',
          read('orders-0/00000000000000000060.snapshot'),
        ),
    ],
    [
      'a segment under another name',
      'segment-name',
      'orders-0/00000000000000000003.log',
      () => {
        const second = secondOf('orders-0')
        for (const kind of ['log', 'index', 'timeindex']) {
          write(`orders-0/00000000000000000003.${kind}`, read(`${second}.${kind}`))
          remove(`${second}.${kind}`)
        }
      },
    ],
    [
      'an index without a segment',
      'orphan-file',
      'orders-0/00000000000000000777.index',
      () => write('orders-0/00000000000000000777.index', Buffer.alloc(8, 1)),
    ],
    [
      'a recovery point behind the end',
      'recovery-point',
      RECOVERY_POINTS,
      () => replace(RECOVERY_POINTS, 'orders 0 60', 'orders 0 61'),
    ],
    [
      'a recovery point that a clean stop did not leave',
      'recovery-point',
      RECOVERY_POINTS,
      () => replace(RECOVERY_POINTS, 'orders 0 60', 'orders 0 59'),
    ],
    [
      'a log start behind the end',
      'log-start',
      'log-start-offset-checkpoint',
      () => replace('log-start-offset-checkpoint', 'orders 1 30', 'orders 1 90'),
    ],
    [
      'a first segment that is gone',
      'log-start',
      'log-start-offset-checkpoint',
      () => {
        const first = firstOf('orders-1')
        for (const kind of ['log', 'index', 'timeindex']) remove(`orders-1/${first}.${kind}`)
      },
    ],
    [
      'another end size',
      'end-size',
      'odradek-end-size-checkpoint',
      () => replace('odradek-end-size-checkpoint', /codecs 0 \d+/, 'codecs 0 1'),
    ],
    [
      'a cleaner offset behind the end',
      'cleaner-offset',
      'cleaner-offset-checkpoint',
      () => write('cleaner-offset-checkpoint', '0\n1\ncodecs 0 99\n'),
    ],
    [
      'a high watermark behind the end',
      'high-watermark',
      'replication-offset-checkpoint',
      () => write('replication-offset-checkpoint', '0\n1\ncodecs 0 99\n'),
    ],
    [
      'a checkpoint that counts wrong',
      'checkpoint-format',
      'log-start-offset-checkpoint',
      () => replace('log-start-offset-checkpoint', /^0\n1\n/, '0\n2\n'),
    ],
    [
      'a checkpoint of another version',
      'checkpoint-format',
      'cleaner-offset-checkpoint',
      () => write('cleaner-offset-checkpoint', '9\n0\n'),
    ],
    [
      'a checkpoint with a line that is none',
      'checkpoint-format',
      'cleaner-offset-checkpoint',
      () => write('cleaner-offset-checkpoint', '0\n1\nwhat is this\n'),
    ],
    [
      'a checkpoint that names a log twice',
      'checkpoint-format',
      'cleaner-offset-checkpoint',
      () => write('cleaner-offset-checkpoint', '0\n2\ncodecs 0 1\ncodecs 0 2\n'),
    ],
    [
      'a folder that does not say its topic',
      'partition-metadata',
      'orders-0/partition.metadata',
      () => write('orders-0/partition.metadata', 'version: 0\ntopic'),
    ],
    [
      'a topic with two ids',
      'topic-id',
      'orders-1/partition.metadata',
      () => write('orders-1/partition.metadata', 'version: 0\ntopic_id: another00000000000000A\n'),
    ],
    [
      'an id of two topics',
      'topic-id',
      'orders-0/partition.metadata',
      () => write('codecs-0/partition.metadata', read('orders-0/partition.metadata')),
    ],
    [
      'a folder that is gone',
      'missing-log',
      RECOVERY_POINTS,
      () => folder.disk.remove(`${DIRECTORY}/codecs-0`),
    ],
    [
      'a missing meta.properties',
      'meta-properties',
      'meta.properties',
      () => remove('meta.properties'),
    ],
    [
      'a newer format',
      'meta-properties',
      'meta.properties',
      () => replace('meta.properties', 'odradek.format=1', 'odradek.format=9'),
    ],
    [
      'no cluster id',
      'meta-properties',
      'meta.properties',
      () => replace('meta.properties', /cluster.id=.*\n/, ''),
    ],
  ]

  it.each(corruptions)('finds %s', async (_what, rule, file, corrupt) => {
    corrupt()
    await expectOnly(rule, file)
  })

  it.each([
    [
      'a segment that compaction was writing',
      'intermediate',
      () => write('orders-0/00000000000000000000.log.cleaned', 'x'),
    ],
    [
      'a segment that is to be removed',
      'intermediate',
      () => write('orders-0/00000000000000000000.log.deleted', 'x'),
    ],
    [
      'a log that is to be removed',
      'intermediate',
      () => folder.disk.makeDirectory(`${DIRECTORY}/orders-0.0123456789abcdef-delete`),
    ],
    [
      'a log of no topic',
      'unknown-topic',
      () => folder.disk.makeDirectory(`${DIRECTORY}/orders-0.0123456789abcdef-stray`),
    ],
    [
      'what a recovery has cut off',
      'kept-remains',
      () => write('orders-0/00000000000000000000.log.12.cut', 'x'),
    ],
    ['a file of somebody else', 'unknown-file', () => write('notes.txt', 'x')],
    [
      'a partition beyond those of the topic',
      'unknown-topic',
      () => {
        folder.disk.makeDirectory(`${DIRECTORY}/orders-7`)
        write('orders-7/partition.metadata', read('orders-0/partition.metadata'))
      },
    ],
  ] as [string, Rule, () => void][])(
    'notes %s, which is no error',
    async (_what, rule, corrupt) => {
      corrupt()
      const found = await violationsIn(folder)
      expect(found.map((violation) => `${violation.severity} ${violation.rule}`)).toEqual([
        `note ${rule}`,
      ])
    },
  )

  it('says where: file, byte and offset', async () => {
    const batches = [...batchesIn(read(`${FIRST}.log`))]
    const position = batches[0]!.sizeInBytes
    edit(`${FIRST}.log`, (bytes) => (bytes[position + 70]! ^= 1))
    expect(await violationsIn(folder)).toMatchObject([
      { file: `${FIRST}.log`, position, offset: 2 },
    ])
  })

  it('takes a torn end behind the recovery point for what the next start cuts off, and one before it for damage', async () => {
    remove('.kafka_cleanshutdown')
    appendTo('codecs-0', batchOf(10).subarray(0, 50))
    expect(await violationsIn(folder)).toMatchObject([{ severity: 'note', rule: 'batch-framing' }])
    edit(`${CODECS}.log`, (bytes) => (bytes[100]! ^= 1))
    expect(
      (await violationsIn(folder)).filter(({ severity }) => severity === 'error'),
    ).toMatchObject([{ rule: 'batch-checksum', offset: 0 }])
  })

  it('believes a transaction index that says what was aborted', async () => {
    appendTo(
      'codecs-0',
      batchOf(10, { producerId: 9, producerEpoch: 0, baseSequence: 0, transactional: true }),
      abortOf(11, 9),
    )
    const entry = Buffer.alloc(34)
    for (const [at, value] of [
      [2, 9],
      [10, 10],
      [18, 11],
      [26, 12],
    ] as const)
      entry.writeBigInt64BE(BigInt(value), at)
    write(`${CODECS}.txnindex`, entry)
    expect(await violationsIn(folder)).toEqual([])
    entry[33] = 13
    write(`${CODECS}.txnindex`, entry)
    await expectOnly('transaction-index', `${CODECS}.txnindex`)
  })

  it('lets compaction leave gaps, and nothing else', async () => {
    const [first, , ...rest] = [...batchesIn(read(`${CODECS}.log`))]
    write(`${CODECS}.log`, Buffer.concat([first!.bytes, ...rest.map(({ bytes }) => bytes)]))
    write(`${CODECS}.index`, '')
    write('cleaner-offset-checkpoint', '0\n1\ncodecs 0 8\n')
    fixEndSize()
    expect(await violationsIn(folder)).toEqual([])
  })
})

function firstOf(log: string): string {
  return names(log)
    .find((name) => name.endsWith('.log'))!
    .slice(0, 20)
}

function secondOf(log: string): string {
  return `${log}/${names(log)
    .filter((name) => name.endsWith('.log'))[1]!
    .slice(0, 20)}`
}

function abortOf(offset: number, producerId: number): Buffer {
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
function appendTo(log: string, ...batches: Buffer[]): void {
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

function fixEndSize(): void {
  replace('odradek-end-size-checkpoint', /codecs 0 \d+/, `codecs 0 ${read(`${CODECS}.log`).length}`)
}
