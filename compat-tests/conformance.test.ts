/**
 * Replays the scenarios that were recorded on a real Kafka. What does not pass yet stands in conformance-pending.txt with
 * its reason; a scenario that fails and is not listed fails the run, and so does one that is listed and passes.
 */

import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { report as tell } from '../test/report.ts'
import { BrokerProcess } from './harness/broker-process.ts'
import { hasOracles, oracles, run } from './harness/programs.ts'

const pendingFile = fileURLToPath(new URL('conformance-pending.txt', import.meta.url))
const exceptFile = fileURLToPath(new URL('conformance-except.txt', import.meta.url))

/** Scenario to reason. A line is `area/name # why`. */
function listed(file: string): Map<string, string> {
  const lines = new Map<string, string>()
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const match = /^\s*([\w-]+\/[\w.-]+)\s*#\s*(\S.*)$/.exec(line)
    if (match) lines.set(match[1]!, match[2]!)
    else if (line.trim() !== '' && !line.trimStart().startsWith('#')) {
      throw new Error(`${file}: not "area/name # why": ${line}`)
    }
  }
  return lines
}

/** Settings that scenarios of the area `settings` need, and whose feature is there: a broker of its own for each. */
const SETTINGS: readonly Readonly<Record<string, string>>[] = [
  { 'auto.create.topics.enable': 'false' },
  {
    'group.max.size': '1',
    'num.partitions': '3',
    'message.max.bytes': '2000',
    'transaction.max.timeout.ms': '5000',
    'offset.metadata.max.bytes': '10',
    'delete.topic.enable': 'false',
  },
]

interface Replay {
  /** True where the scenario passed. */
  results: Map<string, boolean>
  stdout: string
}

async function replay(settings: Readonly<Record<string, string>>): Promise<Replay> {
  const values = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const started = ['group.initial.rebalance.delay.ms=0', ...values].flatMap((one) => ['-o', one])
  const broker = await BrokerProcess.start({
    engine: 'file',
    flags: ['--profile', 'prod', ...started],
  })
  try {
    const runner = resolve(oracles, 'conformance/conformance')
    const options = ['--bootstrap', broker.bootstrap, '--verbose', '--except', exceptFile]
    const area = resolve(oracles, 'conformance/scenarios/settings')
    const needs = values.length === 0 ? [] : [...values.flatMap((one) => ['--with', one]), area]
    const args = ['replay', ...options, ...needs]
    const { stdout, stderr } = await run(runner, args, { timeoutMs: 400_000 })
    const results = new Map<string, boolean>()
    for (const [, result, id] of stdout.matchAll(/^(ok {2}|FAIL) (\S+) \(\d+ ms\)$/gm)) {
      results.set(id!, result !== 'FAIL')
    }
    const [, passed, failing] = /^(\d+) passed, (\d+) failed$/m.exec(stdout) ?? []
    expect(results.size, stderr + stdout.slice(-2000)).toBe(Number(passed) + Number(failing))
    return { results, stdout }
  } finally {
    await broker.dispose()
  }
}

function check({ results, stdout }: Replay, pending: ReadonlyMap<string, string>): void {
  report(results)
  const failed = [...results].filter(([id, passed]) => !passed && !pending.has(id))
  const details = failed.map(([id]) => detail(stdout, id)).join('\n')
  expect(
    failed.map(([id]) => id),
    details,
  ).toEqual([])
  const done = [...pending.keys()].filter((id) => results.get(id) !== false)
  expect(done, 'pending, yet passing or unknown: take them off the list').toEqual([])
}

function pendingOf(isOf: (area: string) => boolean): Map<string, string> {
  const all = [...listed(pendingFile)]
  return new Map(all.filter(([id]) => isOf(id.slice(0, id.indexOf('/')))))
}

describe.skipIf(!hasOracles())('conformance with Apache Kafka 4.4', () => {
  it('answers as recorded, but for what is pending', { timeout: 420_000 }, async () => {
    const replayed = await replay({})
    expect(replayed.results.size).toBeGreaterThan(300)
    check(
      replayed,
      pendingOf((area) => area !== 'settings'),
    )
  })

  it('answers as recorded with settings other than the defaults', {
    timeout: 420_000,
  }, async () => {
    const merged: Replay = { results: new Map(), stdout: '' }
    for (const settings of SETTINGS) {
      const { results, stdout } = await replay(settings)
      expect(results.size, stdout.slice(-2000)).toBeGreaterThan(0)
      for (const [id, passed] of results) merged.results.set(id, passed)
      merged.stdout += stdout
    }
    check(
      merged,
      pendingOf((area) => area === 'settings'),
    )
  })
})

function report(results: Map<string, boolean>): void {
  const areas = new Map<string, { passed: number; pending: number }>()
  for (const [id, passed] of results) {
    const area = id.slice(0, id.indexOf('/'))
    const count = areas.get(area) ?? { passed: 0, pending: 0 }
    if (passed) count.passed++
    else count.pending++
    areas.set(area, count)
  }
  for (const [area, { passed, pending }] of areas) {
    tell(`conformance ${area.padEnd(16)} ${passed} passed, ${pending} not yet`)
  }
}

function detail(stdout: string, id: string): string {
  const from = stdout.indexOf(`FAIL ${id} (`)
  const rest = stdout.slice(from)
  const end = rest.search(/\n(ok {2}|FAIL|\d+ left out|\d+ passed)/)
  return rest.slice(0, Math.min(end < 0 ? 1500 : end, 1500))
}
