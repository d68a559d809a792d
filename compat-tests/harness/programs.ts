/** Real clients that are programs: whether they are here, and how to run them. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of the oracles: a real Kafka and its conformance scenarios. */
export const oracles = resolve(root, process.env['ODRADEK_ORACLES'] ?? '../shared')

/**
 * True when the program is installed. With CI=true a program that `.ci/run` installs must be there: its scenarios run,
 * and fail, rather than being skipped unnoticed.
 */
export function installed(program: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  return found || process.env['CI'] === 'true'
}

/** True when the oracles stand beside the project and Java can run them. */
export function hasOracles(): boolean {
  return (
    existsSync(resolve(oracles, 'conformance/conformance')) &&
    spawnSync('java', ['-version']).status === 0
  )
}

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string | Buffer
  /** After this the program is killed and the run rejects. */
  timeoutMs?: number
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  { input, timeoutMs = 30_000 }: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolvePromise, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(
        new Error(
          `${program} ${args.join(' ')} did not end within ${timeoutMs} ms\n` +
            `${Buffer.concat(stdout).toString().slice(-2000)}\n${Buffer.concat(stderr).toString().slice(-2000)}`,
        ),
      )
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolvePromise({
        code,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      })
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
  })
}

/** Runs kcat and expects it to succeed; resolves with what it printed. */
export async function kcat(
  bootstrap: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run('kcat', ['-b', bootstrap, ...args], options)
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}:\n${stderr}`)
  return stdout
}

const toolFolder = resolve(root, 'node_modules/.cache/kafka-tools')

/** What the tools want of 4.3.1: a class that the clients of 4.4 have no more, and the config tool, which 4.4 keeps elsewhere. */
const TOOL_PARTS = ['kafka-clients', 'kafka_2.13']
/** What the dump tool wants of 4.3.1: methods that 4.4 has no more, so that these have to come first. */
const DUMP_PARTS = ['kafka-clients', 'kafka-storage']

/** The class paths of Kafka's tools. The oracle's are those of 4.3.1: what belongs to them comes last, for what 4.4 lacks alone. */
async function toolClassPaths(): Promise<{ usual: string; dump: string }> {
  const jars = new Map<string, string>()
  for (const part of new Set([...TOOL_PARTS, ...DUMP_PARTS])) {
    const jar = resolve(toolFolder, `${part}-4.3.1.jar`)
    jars.set(part, jar)
    if (existsSync(jar)) continue
    const artifact = `-Dartifact=org.apache.kafka:${part}:4.3.1`
    await run('mvn', ['-B', '-q', 'dependency:copy', artifact, `-DoutputDirectory=${toolFolder}`], {
      timeoutMs: 120_000,
    })
  }
  const { stdout } = await run(resolve(oracles, 'peers/kafka'), ['classpath'], {
    timeoutMs: 300_000,
  })
  const pathOf = (parts: readonly string[]): string[] => parts.map((part) => jars.get(part)!)
  return {
    usual: [stdout.trim(), ...pathOf(TOOL_PARTS)].join(':'),
    dump: [...pathOf(DUMP_PARTS), stdout.trim()].join(':'),
  }
}

let classPaths: ReturnType<typeof toolClassPaths> | undefined

/** The usual one, for programs of our own that use Kafka's classes. */
export async function toolClassPath(): Promise<string> {
  classPaths ??= toolClassPaths()
  return (await classPaths).usual
}

/**
 * Runs one of Kafka's own command line tools: with the newest clients, or with those of its own release, which a tool that
 * uses what is inside them needs.
 */
export async function kafkaTool(
  className: string,
  args: readonly string[],
  options: RunOptions & { ownClients?: boolean } = {},
): Promise<Outcome> {
  classPaths ??= toolClassPaths()
  const { usual, dump } = await classPaths
  const own = options.ownClients ? usual.split(':').toReversed().join(':') : usual
  const path = className.endsWith('.DumpLogSegments') ? dump : own
  const flags = [
    '-Xmx256m',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  ]
  return run('java', [...flags, '-cp', path, className, ...args], options)
}
