import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../src/cli/commands.ts'

const golden = fileURLToPath(new URL('../fixtures/golden-folder', import.meta.url))
const segment = '00000000000000000000'

describe('odradek log', () => {
  let stdout = ''
  let stderr = ''
  let folder: string

  beforeEach(() => {
    stdout = ''
    stderr = ''
    folder = mkdtempSync(join(tmpdir(), 'odradek-log-'))
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      stdout += String(chunk)
      return true
    })
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      stderr += String(chunk)
      return true
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true })
  })

  it('verify tells that nothing is wrong, and what it has looked at', async () => {
    expect(await runCommand(['log', 'verify', golden])).toBe(0)
    expect(stdout).toMatch(
      /golden-folder: 3 logs, \d+ segments, \d+ batches, \d+ records, .* in .* s/,
    )
    expect(stdout).toMatch(/Nothing is wrong\. The last stop was a clean one\.\n$/)
  })

  it('verify tells each fault in a line: where, what, what to do; and as JSON', async () => {
    writeFileSync(join(folder, 'meta.properties'), 'version=1\nnode.id=1\n')
    expect(await runCommand(['log', 'verify', folder])).toBe(1)
    expect(stdout.split('\n')[0]).toBe(
      'ERROR  meta.properties: it does not say the cluster.id. Restore the file from a copy, or write it by hand as the documentation shows. [meta-properties]',
    )
    stdout = ''
    expect(await runCommand(['log', 'verify', folder, '--json'])).toBe(1)
    const [first, summary] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(first).toMatchObject({
      rule: 'meta-properties',
      severity: 'error',
      file: 'meta.properties',
    })
    expect(summary).toMatchObject({ summary: { errors: 1, notes: 0, logs: 0 } })
  })

  it('dump prints batches, records with keys, values and headers, from an offset on, so many', async () => {
    expect(
      await runCommand(['log', 'dump', golden, '-t', 'orders', '-p', '0', '-o', '3', '-n', '2']),
    ).toBe(0)
    const [file, batch, record, next] = stdout.split('\n')
    expect(file).toContain(`orders-0/${segment}.log`)
    expect(batch).toMatch(
      /batch 2-3: 2 records, \d+ bytes at \d+, .*, epoch 0, producer 1 epoch 0, sequence 0-1$/,
    )
    expect(record).toMatch(/^ {4}3 {2}.* key "key 1" {2}value null$/)
    expect(next).toMatch(/batch 4-5/)
    expect(stdout.match(/ {2}key "/g)).toHaveLength(2)
    expect(stdout).toContain('headers n="2"')
  })

  it('dump prints batches alone, and JSON', async () => {
    const path = join(golden, `orders-0/${segment}.log`)
    expect(await runCommand(['log', 'dump', path, '--batches-only', '--json', '-n', '3'])).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ baseOffset }) => baseOffset)).toEqual([0, 2, 4])
    expect(lines[0]).toMatchObject({
      topic: 'orders',
      partition: 0,
      position: 0,
      recordCount: 2,
      isChecksumRight: true,
    })
    expect(lines[0]).not.toHaveProperty('records')
  })

  it.each([
    [`orders-0/${segment}.index`, /offset \d+ {2}position \d+/],
    [`orders-0/${segment}.timeindex`, /timestamp 2023-11-1\d .* {2}offset 1\n|timestamp 2023/],
    [
      'orders-0/00000000000000000060.snapshot',
      /producerId 0 {2}producerEpoch 0 {2}lastSequence 19/,
    ],
    ['orders-0/leader-epoch-checkpoint', /epoch 0 {2}startOffset 0/],
    ['orders-0/partition.metadata', /topic_id orders000000000000000A/],
    ['recovery-point-offset-checkpoint', /topic orders {2}partition 0 {2}offset 60/],
    ['meta.properties', /cluster\.id golden0000000000000000/],
  ])('dump shows %s', async (name, expected) => {
    expect(await runCommand(['log', 'dump', join(golden, name)])).toBe(0)
    expect(stdout).toMatch(expected)
  })

  it.each([
    [['log', 'verfy', golden], "There is no command 'log verfy'. Did you mean 'verify'?"],
    [['log', 'verify'], 'odradek log verify wants a data folder: odradek log verify ./.odradek'],
    [['log', 'verify', '/nowhere/at/all'], 'There is no folder /nowhere/at/all.'],
    [['log', 'verify', golden, golden], 'odradek log verify takes one folder, not'],
    [
      ['log', 'verify', join(golden, 'meta.properties')],
      'is a file: odradek log verify takes a data folder.',
    ],
    [
      ['log', 'verify', join(golden, 'orders-0')],
      'is no data folder: it has no meta.properties and no logs.',
    ],
    [['log', 'verify', golden, '--jsn'], 'Unknown flag --jsn. Did you mean --json?'],
    [['log', 'dump'], 'odradek log dump wants a folder or a file'],
    [['log', 'dump', golden, '-t', 'ordres'], 'has no such log. Its topics are codecs, orders.'],
    [['log', 'dump', golden, '-o', 'x'], "--offset is a whole number, not 'x'."],
    [
      ['log', 'dump', join(golden, '.kafka_cleanshutdown')],
      '.kafka_cleanshutdown is no file of a log.',
    ],
  ])('%j is refused in one line, with exit code 2', async (args, text) => {
    expect(await runCommand(args)).toBe(2)
    expect(stderr).toContain(text)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
  })

  it.each([
    ['log', '--help'],
    ['log', 'verify', '-h'],
    ['log', 'dump', '--help'],
  ])('%s %s prints help', async (...args) => {
    expect(await runCommand(args)).toBe(0)
    expect(stdout).toMatch(/odradek log (verify|dump) DIR/)
  })
})
