/** Batches that inflate to much: how many of them are inflated at a time, and in what order they are appended. */

import type { Inflate } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { produce } from '../../../src/broker/apis/00-produce.ts'
import { CLOSE } from '../../../src/broker/handler.ts'
import { batch, BrokerUnderTest } from './fixture.ts'

const inflating = vi.hoisted(() => ({ now: 0, most: 0, all: 0 }))

vi.mock('node:zlib', async (importOriginal) => {
  const zlib = await importOriginal<typeof import('node:zlib')>()
  const createInflateRaw: typeof zlib.createInflateRaw = (options): Inflate => {
    inflating.all++
    inflating.most = Math.max(inflating.most, ++inflating.now)
    const inflate = zlib.createInflateRaw(options)
    inflate.on('close', () => inflating.now--)
    return inflate
  }
  return { ...zlib, createInflateRaw }
})

let broker: BrokerUnderTest

beforeEach(async () => {
  broker = await BrokerUnderTest.open()
  Object.assign(inflating, { now: 0, most: 0, all: 0 })
})

afterEach(() => {
  expect(inflating.now).toBe(0)
})

function send(partitionData: { index: number; records: Buffer }[]) {
  return broker
    .ask(produce, 9, {
      acks: -1,
      timeoutMs: 5000,
      topicData: [{ name: 't', partitionData }],
    })
    .then((reply) => {
      if (reply === undefined || reply === CLOSE) throw new Error('There was no reply.')
      return reply.responses[0]!.partitionResponses
    })
}

const large = (letter: string): Buffer => batch([letter.repeat(3_000_000)], { compression: 'gzip' })

it('are inflated two at a time, of all requests', async () => {
  await broker.topic('t', 4)
  const request = () => [0, 1, 2, 3].map((index) => ({ index, records: large('x') }))
  const results = await Promise.all([send(request()), send(request()), send(request())])
  expect(inflating).toMatchObject({ all: 12, most: 2 })
  const offsets = results.map((one) => one.map(({ baseOffset }) => Number(baseOffset)))
  expect(offsets).toEqual([
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [2, 2, 2, 2],
  ])
})

it('give their place away as soon as they are refused', async () => {
  await broker.topic('t', 1, { 'max.decompressed.message.bytes': '100000' })
  const refused = [1, 2, 3, 4].map(() => send([{ index: 0, records: large('x') }]))
  const small = send([{ index: 0, records: batch(['y']) }])
  for (const one of await Promise.all(refused)) {
    expect(one).toMatchObject([{ errorCode: 'INVALID_RECORD' }])
  }
  expect(await small).toMatchObject([{ errorCode: 'NONE', baseOffset: 0n }])
  expect(inflating).toMatchObject({ all: 4, most: 2 })
})
