import { beforeEach, describe, expect, it } from 'vitest'
import { batchesIn } from '../../../src/protocol/records/batch-view.ts'
import type { Rule } from '../../../src/storage/verify/violation.ts'
import { corruptions } from './corruptions.ts'
import {
  FIRST,
  CODECS,
  folder,
  read,
  write,
  remove,
  names,
  edit,
  batchOf,
  abortOf,
  appendTo,
  fixEndSize,
  useFolder,
} from './folder-edits.ts'
import { DIRECTORY, makeSoundFolder, violationsIn } from './sound-folder.ts'

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
    useFolder(await makeSoundFolder())
  })

  it('finds nothing in a sound one, which has several segments, and changes nothing', async () => {
    folder.disk.fault = (verb) => (verb === 'open' || verb === 'read' ? undefined : 'EROFS')
    expect(await violationsIn(folder)).toEqual([])
    folder.disk.fault = undefined
    expect(names('orders-0').filter((name) => name.endsWith('.log')).length).toBeGreaterThan(2)
  })

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
