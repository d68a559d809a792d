import { describe, expect, test } from 'vitest'
import type { Machine, StateRecord } from '../../../src/broker/coordinator/machine.ts'
import { Shard, type ShardOptions } from '../../../src/broker/coordinator/shard.ts'
import { KafkaError } from '../../../src/broker/kafka-error.ts'
import { ManualClock } from '../../../src/clock.ts'
import { type Logger, type LogMethod, silentLogger } from '../../../src/logger.ts'
import { buildBatch } from '../../../src/protocol/records/batch-builder.ts'
import { iterateRecords } from '../../../src/protocol/records/record-iterator.ts'
import { type LogConfig, logId } from '../../../src/storage/engine.ts'
import { ScriptedEngine, settle } from '../scripted-engine.ts'

type Book = Map<string, string>

const book: Machine<Book> = {
  empty: () => new Map(),
  apply(state, { key, value }) {
    if (value === null) state.delete(key.toString())
    else state.set(key.toString(), value.toString())
  },
  *snapshot(state) {
    for (const [key, value] of state) yield entry(key, value)
  },
}

function entry(key: string, value: string | null): StateRecord {
  return { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}

const log = logId('ShardTestLogAAAAAAAAAA', 0)
const spec = {
  topic: 'shard-test',
  topicId: 'ShardTestLogAAAAAAAAAA',
  partitionIndex: 0,
  config: {} as LogConfig,
}

/** Keeps what is logged as level and text. */
function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const keep =
    (level: string): LogMethod =>
    (first: object | string, text?: string) =>
      void lines.push(`${level} ${typeof first === 'string' ? first : (text ?? '')}`)
  const logger = {
    isLevelEnabled: () => true,
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  }
  return { logger, lines }
}

async function openShard(
  engine: ScriptedEngine,
  options: Partial<ShardOptions<Book>> = {},
): Promise<Shard<Book>> {
  await engine.create([spec])
  const shard = new Shard({
    engine,
    log,
    name: 'shard-test-0',
    machine: book,
    clock: new ManualClock(),
    logger: silentLogger,
    maxBatchBytes: () => 1024 * 1024,
    ...options,
  })
  await shard.open()
  return shard
}

function set(shard: Shard<Book>, key: string, value: string): Promise<string> {
  return shard.step(() => ({ response: `set ${key}`, records: [entry(key, value)] }))
}

function get(shard: Shard<Book>, key: string): Promise<string | undefined> {
  return shard.step((state) => ({ response: state.get(key) }))
}

function keysOf(engine: ScriptedEngine, call: number): string[][] {
  return (engine.calls[call] ?? []).map(({ batch }) =>
    [...iterateRecords(batch)].map(({ key }) => String(key)),
  )
}

/** What has been settled so far, in order. */
function outcomesOf(steps: Record<string, Promise<unknown>>): string[] {
  const outcomes: string[] = []
  for (const [name, step] of Object.entries(steps)) {
    step.then(
      () => outcomes.push(name),
      (error: KafkaError) => outcomes.push(`${name} ${error.code}`),
    )
  }
  return outcomes
}

async function replayed(engine: ScriptedEngine): Promise<Book> {
  return (await openShard(engine)).state
}

describe('a step', () => {
  test('answers when its records are committed', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    engine.hold()
    const outcomes = outcomesOf({ a: set(shard, 'a', '1') })
    await settle()
    expect(shard.state.get('a')).toBe('1')
    expect(outcomes).toEqual([])
    engine.release()
    await settle()
    expect(outcomes).toEqual(['a'])
  })

  test('without records and with nothing under way answers without an append', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    await expect(get(shard, 'a')).resolves.toBeUndefined()
    expect(engine.calls).toHaveLength(0)
  })

  test('that comes while an append is under way joins the next one', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    engine.hold()
    const outcomes = outcomesOf({ a: set(shard, 'a', '1') })
    await settle()
    const later = outcomesOf({ b: set(shard, 'b', '2'), c: set(shard, 'c', '3') })
    await settle()
    expect(engine.calls).toHaveLength(1)
    engine.releaseOne()
    await settle()
    expect(outcomes).toEqual(['a'])
    expect(later).toEqual([])
    expect(keysOf(engine, 1)).toEqual([['b', 'c']])
    engine.release()
    await settle()
    expect(later).toEqual(['b', 'c'])
    expect(engine.calls).toHaveLength(2)
  })

  test('of one turn share an append', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    await Promise.all([set(shard, 'a', '1'), set(shard, 'b', '2'), set(shard, 'a', '3')])
    expect(keysOf(engine, 0)).toEqual([['a', 'b', 'a']])
    expect(await replayed(engine)).toEqual(
      new Map([
        ['a', '3'],
        ['b', '2'],
      ]),
    )
  })

  test('that only reads waits for what it saw, in flight or pending', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    engine.hold()
    void set(shard, 'a', '1')
    await settle()
    const inFlight = outcomesOf({ read: get(shard, 'a') })
    void set(shard, 'a', '2')
    const pending = outcomesOf({ read: get(shard, 'a') })
    await settle()
    expect(inFlight).toEqual([])
    engine.releaseOne()
    await settle()
    expect(inFlight).toEqual(['read'])
    expect(pending).toEqual([])
    engine.release()
    await settle()
    expect(pending).toEqual(['read'])
  })

  test('whose decision throws is rejected and changes nothing', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    const failed = shard.step(() => {
      throw new KafkaError('INVALID_REQUEST', 'no')
    })
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    await set(shard, 'a', '1')
    expect(await replayed(engine)).toEqual(new Map([['a', '1']]))
  })

  test('keeps its records in one batch, however many steps share the append', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    const large = 'x'.repeat(200 * 1024)
    const step = (...keys: string[]): Promise<unknown> =>
      shard.step(() => ({ response: 0, records: keys.map((key) => entry(key, large)) }))
    await Promise.all([step('a', 'b'), step('c', 'd'), step('e', 'f', 'g', 'h')])
    expect(keysOf(engine, 0)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f', 'g', 'h'],
    ])
  })
})

describe('a failed append', () => {
  test.each(['fenced', 'rejected', 'throws'] as const)(
    '(%s) is answered with NOT_COORDINATOR to all that waited, and the log decides what is true',
    async (refusal) => {
      const engine = new ScriptedEngine()
      const shard = await openShard(engine)
      await set(shard, 'a', '1')
      engine.hold()
      engine.refuseNext(refusal)
      const steps = { b: set(shard, 'b', '2') } as Record<string, Promise<unknown>>
      await settle()
      const outcomes = outcomesOf({ ...steps, read: get(shard, 'b'), c: set(shard, 'c', '3') })
      engine.release()
      await settle()
      expect(outcomes.toSorted()).toEqual([
        'b NOT_COORDINATOR',
        'c NOT_COORDINATOR',
        'read NOT_COORDINATOR',
      ])
      // A disk may fail when the records are there already: then they are true.
      const kept =
        refusal === 'throws'
          ? [
              ['a', '1'],
              ['b', '2'],
            ]
          : [['a', '1']]
      expect([...shard.state]).toEqual(kept)
    },
  )

  test('is followed by steps that work again', async () => {
    const engine = new ScriptedEngine()
    const resets: Book[] = []
    const shard = await openShard(engine, { onReset: (state) => resets.push(new Map(state)) })
    await set(shard, 'a', '1')
    engine.refuseNext('fenced')
    await expect(set(shard, 'a', '2')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    expect(resets).toEqual([new Map([['a', '1']])])
    await expect(get(shard, 'a')).resolves.toBe('1')
    await set(shard, 'a', '3')
    expect(await replayed(engine)).toEqual(new Map([['a', '3']]))
  })

  test('goes on being answered with NOT_COORDINATOR until the log can be read again', async () => {
    const engine = new ScriptedEngine()
    const clock = new ManualClock()
    const shard = await openShard(engine, { clock })
    await set(shard, 'a', '1')
    engine.refuseNext('throws')
    engine.failOwning(true)
    await expect(set(shard, 'a', '2')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await clock.advance(5000)
    await expect(get(shard, 'a')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    engine.failOwning(false)
    await clock.advance(1000)
    await settle()
    await expect(get(shard, 'a')).resolves.toBe('2')
  })

  test('of an owner that another one came after is fenced', async () => {
    const engine = new ScriptedEngine()
    const first = await openShard(engine)
    const second = await openShard(engine)
    expect(second.epoch).toBeGreaterThan(first.epoch)
    await set(second, 'a', 'second')
    await expect(set(first, 'a', 'first')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    expect(first.state.get('a')).toBe('second')
  })
})

describe('a reset', () => {
  test.each([
    ['fenced', 'another owner has come'],
    ['rejected', 'KAFKA_STORAGE_ERROR'],
    ['throws', 'The disk is gone.'],
  ] as const)('(%s) is told once, with its cause', async (refusal, cause) => {
    const engine = new ScriptedEngine()
    const { logger, lines } = recordingLogger()
    const shard = await openShard(engine, { logger })
    engine.refuseNext(refusal)
    const steps = Promise.allSettled([set(shard, 'a', '1'), set(shard, 'b', '2')])
    for (const outcome of await steps) {
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining(cause) } })
    }
    await settle()
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^error .*shard-test-0/)
    expect(lines[0]).toContain(cause)
    expect(lines[1]).toMatch(/^info .*replayed/)
  })

  test('whose replay fails is told once, however often that is tried', async () => {
    const engine = new ScriptedEngine()
    const clock = new ManualClock()
    const { logger, lines } = recordingLogger()
    const shard = await openShard(engine, { clock, logger })
    engine.failOwning(true)
    engine.refuseNext('fenced')
    await expect(set(shard, 'a', '1')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    await clock.advance(10_000)
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('cannot be replayed')
  })

  test('is heard of by whoever derives from the state before any step is decided', async () => {
    const engine = new ScriptedEngine()
    let derived = 'a state that is gone'
    const shard = await openShard(engine, {
      onReset: () => {
        derived = 'the state'
      },
    })
    // Steps at every moment while the log is replayed.
    const seen: string[] = []
    const own = engine.own.bind(engine)
    engine.own = async (id) => {
      const owned = await own(id)
      const stepOften = (times: number): void => {
        shard.step(() => ({ response: seen.push(derived) })).catch(() => undefined)
        if (times > 0) queueMicrotask(() => stepOften(times - 1))
      }
      stepOften(100)
      return owned
    }
    engine.refuseNext('fenced')
    await expect(set(shard, 'a', '1')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    expect(seen.length).toBeGreaterThan(0)
    expect(new Set(seen)).toEqual(new Set(['the state']))
  })

  test('follows on records that cannot be made a batch, and the shard goes on', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    await set(shard, 'a', '1')
    const broken = { key: Buffer.from('b'), value: 7 as unknown as Buffer }
    const failed = shard.step(() => ({ response: 0, records: [broken] }))
    await expect(failed).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    expect([...shard.state]).toEqual([['a', '1']])
    await set(shard, 'c', '3')
  })
})

describe('a step whose records the log does not take in a batch', () => {
  const options = { maxBatchBytes: () => 1000 }
  const large = 'x'.repeat(1000)

  test('is refused alone, and has changed nothing', async () => {
    const engine = new ScriptedEngine()
    const { logger, lines } = recordingLogger()
    const shard = await openShard(engine, { ...options, logger })
    let adopted = 0
    const step = (value: string): Promise<string> =>
      shard.step(() => ({
        response: 'done',
        records: [entry('a', value)],
        adopt: () => void adopted++,
      }))
    const outcomes = await Promise.allSettled([step('1'), step(large), step('2')])
    expect(outcomes).toMatchObject([
      { value: 'done' },
      { reason: { code: 'RECORD_LIST_TOO_LARGE' } },
      { value: 'done' },
    ])
    expect(adopted).toBe(2)
    expect([...shard.state]).toEqual([['a', '2']])
    expect(await replayed(engine)).toEqual(shard.state)
    expect(lines).toEqual([expect.stringMatching(/^warn .*shard-test-0 was refused.* 1000 /)])
  })

  test('is taken when it fits exactly', async () => {
    const engine = new ScriptedEngine()
    const record = entry('a', 'x'.repeat(900))
    const { sizeInBytes } = buildBatch([{ ...record, timestamp: 1_700_000_000_000 }])
    for (const [limit, fits] of [
      [sizeInBytes, true],
      [sizeInBytes - 1, false],
    ] as const) {
      const shard = await openShard(engine, { maxBatchBytes: () => limit })
      const step = shard.step(() => ({ response: 0, records: [record] }))
      expect(
        await step.then(
          () => true,
          () => false,
        ),
      ).toBe(fits)
    }
  })

  test('goes into several where it may', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine, options)
    const records = Array.from({ length: 10 }, (_, i) => entry(`${i}`, 'x'.repeat(300)))
    await shard.step(() => ({ response: 0, records, isDivisible: true }))
    expect(engine.calls).toHaveLength(1)
    expect(engine.calls[0]!.every(({ batch }) => batch.sizeInBytes <= 1000)).toBe(true)
    expect(await replayed(engine)).toEqual(shard.state)
  })
})

describe('a log that has grown', () => {
  const options = { rewriteAfterBytes: 4000 }

  async function fill(shard: Shard<Book>, steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) await set(shard, `key-${i % 7}`, `${i}`.padEnd(100))
    await shard.step(() => ({ response: 0, records: [entry('key-3', null)] }))
  }

  test('is replaced by the state, which replays the same', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine, options)
    await fill(shard, 200)
    await settle()
    expect(engine.size(log)).toBeLessThan(3 * 4000)
    expect(engine.offsets(log)?.logStartOffset).toBeGreaterThan(150)
    expect(await replayed(engine)).toEqual(shard.state)
  })

  test('is replaced under load too, while steps are always pending', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine, options)
    await Promise.all([0, 1, 2].map(() => fill(shard, 100)))
    await settle()
    expect(engine.size(log)).toBeLessThan(3 * 4000)
    expect(await replayed(engine)).toEqual(shard.state)
  })

  test.each(['cannot be told', 'is refused'])(
    'goes on growing when its state %s, and takes all steps',
    async (trouble) => {
      const engine = new ScriptedEngine()
      const { logger, lines } = recordingLogger()
      let isBroken = true
      const machine: Machine<Book> = {
        ...book,
        *snapshot(state) {
          if (isBroken && trouble === 'cannot be told') throw new Error('no snapshot')
          if (isBroken) engine.refuseNext('rejected')
          yield* book.snapshot(state)
        },
      }
      const shard = await openShard(engine, { ...options, machine, logger })
      await fill(shard, 100)
      await settle()
      expect(engine.offsets(log)?.logStartOffset).toBe(0)
      expect(lines.every((line) => /^warn .*shard-test-0.*goes on growing/.test(line))).toBe(true)
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.length).toBeLessThan(10)
      expect(await replayed(engine)).toEqual(shard.state)
      isBroken = false
      await fill(await openShard(engine, options), 100)
      await settle()
      expect(engine.offsets(log)?.logStartOffset).toBeGreaterThan(0)
    },
  )

  test('stays whole when it cannot be cut, and replays the same', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine, options)
    engine.failTruncating(true)
    await fill(shard, 100)
    await settle()
    expect(engine.offsets(log)?.logStartOffset).toBe(0)
    expect(await replayed(engine)).toEqual(shard.state)
    engine.failTruncating(false)
    await fill(await openShard(engine, options), 100)
    await settle()
    expect(engine.offsets(log)?.logStartOffset).toBeGreaterThan(0)
  })
})

describe('closing', () => {
  test('waits for what is under way and pending, and takes no more', async () => {
    const engine = new ScriptedEngine()
    const shard = await openShard(engine)
    engine.hold()
    const first = set(shard, 'a', '1')
    await settle()
    const second = set(shard, 'b', '2')
    const closed = outcomesOf({ close: shard.close() })
    await expect(set(shard, 'c', '3')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    expect(closed).toEqual([])
    engine.release()
    await Promise.all([first, second])
    await settle()
    expect(closed).toEqual(['close'])
    expect(await replayed(engine)).toEqual(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    )
  })

  test('waits for a replay that is under way', async () => {
    const engine = new ScriptedEngine()
    const resets: Book[] = []
    const shard = await openShard(engine, { onReset: (state) => resets.push(state) })
    engine.refuseNext('fenced')
    await expect(set(shard, 'a', '1')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await shard.close()
    expect(shard.epoch).toBe(2)
    expect(resets).toEqual([])
  })

  test('ends the attempts to read a log that is gone', async () => {
    const engine = new ScriptedEngine()
    const clock = new ManualClock()
    const shard = await openShard(engine, { clock })
    engine.failOwning(true)
    engine.refuseNext('rejected')
    await expect(set(shard, 'a', '1')).rejects.toMatchObject({ code: 'NOT_COORDINATOR' })
    await settle()
    await shard.close()
    engine.failOwning(false)
    const { epoch } = shard
    await clock.advance(10_000)
    expect(shard.epoch).toBe(epoch)
  })
})
