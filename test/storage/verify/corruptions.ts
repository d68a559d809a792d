/** Every way in which a data folder can be wrong, one for each thing that the checker looks at. */

import {
  ATTRIBUTES,
  batchesIn,
  LAST_OFFSET_DELTA,
  MAX_TIMESTAMP,
  RECORD_COUNT,
} from '../../../src/protocol/records/batch-view.ts'
import type { Rule } from '../../../src/storage/verify/violation.ts'
import {
  FIRST,
  CODECS,
  RECOVERY_POINTS,
  folder,
  read,
  write,
  remove,
  edit,
  replace,
  editBatch,
  batchOf,
  firstOf,
  secondOf,
  abortOf,
  appendTo,
  fixEndSize,
} from './folder-edits.ts'
import { DIRECTORY } from './sound-folder.ts'

export const corruptions: [what: string, rule: Rule, file: string, corrupt: () => void][] = [
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
  ['a missing time index', 'time-index', `${FIRST}.timeindex`, () => remove(`${FIRST}.timeindex`)],
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
