// Runs everything that must hold, step by step; the last line says how many tests passed and failed.
//
//   npm test                      all steps
//   npm test -- unit              one step or several by name; other words go to vitest, as filters
//   npm test -- --long            with the long modes of the suites (ODRADEK_LONG=1), and time for them

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (name) => join(root, 'node_modules/.bin', name)
const words = process.argv.slice(2)
const long = words.includes('--long')

/** What each step may take. Together they stay under a quarter of an hour; a long run has eight times as much. */
const steps = [
  { name: 'format', budgetS: 30, command: [bin('biome'), 'format', '.'] },
  { name: 'lint', budgetS: 60, command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'types', budgetS: 60, command: [bin('tsc'), '--noEmit'] },
  { name: 'build', budgetS: 60, command: [process.execPath, join(root, 'scripts/build.mjs')] },
  { name: 'unit', budgetS: 180, suite: 'unit' },
  { name: 'compat', budgetS: 480, suite: 'compat' },
]

const filters = words.filter(
  (word) => !word.startsWith('--') && !steps.some((s) => s.name === word),
)
const named = steps.filter((step) => words.includes(step.name))
const chosen = named.length > 0 ? named : steps

const folder = mkdtempSync(join(tmpdir(), 'odradek-test-'))
/** Where tests leave what the summary tells: see test/report.ts. */
const figures = join(folder, 'figures.txt')
const results = []
for (const step of chosen) results.push(await run(step))
report(results, readFigures())
rmSync(folder, { recursive: true, force: true })

async function run(step) {
  console.log(`\n── ${step.name}`)
  const began = performance.now()
  const output = join(folder, `${step.name}.json`)
  const { code, overdue } = await execute(step.command ?? vitest(step.suite, output), step)
  const counted = step.suite
    ? count(output, code)
    : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
  const result = { name: step.name, skipped: [], failures: [], ...counted }
  if (overdue) {
    result.failures.push(`${step.name}: killed after its ${overdue} s`)
    result.failed = Math.max(result.failed, 1)
  }
  return { ...result, seconds: (performance.now() - began) / 1000 }
}

function vitest(suite, output) {
  return [
    bin('vitest'),
    'run',
    '--project',
    suite,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    '--passWithNoTests',
    ...filters,
  ]
}

/** Runs a command in a process group of its own, so that its budget ends what it started too. */
function execute([program, ...args], { budgetS }) {
  const limit = budgetS * (long ? 8 : 1)
  return new Promise((resolve) => {
    let overdue
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: { ...process.env, ODRADEK_TEST_FIGURES: figures, ...(long && { ODRADEK_LONG: '1' }) },
    })
    const forward = (signal) => end(child, signal)
    const timer = setTimeout(() => {
      overdue = limit
      end(child, 'SIGKILL')
    }, limit * 1000)
    process.on('SIGINT', forward)
    process.on('SIGTERM', forward)
    const done = (code) => {
      clearTimeout(timer)
      process.off('SIGINT', forward)
      process.off('SIGTERM', forward)
      resolve({ code, overdue })
    }
    child.on('error', (error) => {
      console.error(error.message)
      done(1)
    })
    child.on('exit', (code) => done(code ?? 1))
  })
}

function end(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has ended already.
  }
}

function count(file, code) {
  let report
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1, failures: ['the suite ended without a report'] }
  }
  const skipped = []
  const failures = []
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.length === 0) {
      failures.push(`${suite.name}: ${suite.message}`)
    }
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') failures.push(test.fullName)
      else if (test.status !== 'passed') skipped.push(test.fullName)
    }
  }
  // An error outside of every test fails the run too.
  if (code !== 0 && failures.length === 0) failures.push(`the suite ended with code ${code}`)
  return { passed: report.numPassedTests, failed: failures.length, skipped, failures }
}

function readFigures() {
  return existsSync(figures) ? readFileSync(figures, 'utf8').trimEnd().split('\n').sort() : []
}

function report(all, told) {
  console.log('\n── summary')
  for (const line of told) console.log(line)
  for (const { name, passed, failed, skipped, seconds } of all) {
    const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
    console.log(
      `${name.padEnd(8)} ${passed} passed, ${failed} failed${rest} (${seconds.toFixed(1)} s)`,
    )
  }
  for (const { skipped } of all) for (const test of skipped) console.log(`skipped: ${test}`)
  for (const { failures } of all) for (const test of failures) console.log(`FAILED: ${test}`)
  const passed = all.reduce((sum, result) => sum + result.passed, 0)
  const failed = all.reduce((sum, result) => sum + result.failed, 0)
  process.exitCode = failed === 0 ? 0 : 1
  console.log(`${passed} passed, ${failed} failed`)
}
