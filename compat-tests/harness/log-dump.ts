/** Kafka's dump tool for the files of a log. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { oracles, run } from './programs.ts'

const VERSION = '4.3.1'
/** The oracle's tool is of this version, and reads files by what its own version of these had. */
const JARS = ['kafka-clients', 'kafka-storage', 'kafka-server-common']
const folder = resolve(
  fileURLToPath(new URL('../..', import.meta.url)),
  'node_modules/.cache/kafka-dump-tool',
)

async function classPathOfTool(): Promise<string> {
  for (const name of JARS) {
    if (existsSync(resolve(folder, `${name}-${VERSION}.jar`))) continue
    const artifact = `-Dartifact=org.apache.kafka:${name}:${VERSION}`
    const copy = ['-B', '-q', 'dependency:copy', artifact, `-DoutputDirectory=${folder}`]
    await run('mvn', copy, { timeoutMs: 120_000 })
  }
  const kafka = resolve(oracles, 'peers/kafka')
  const { stdout } = await run(kafka, ['classpath'], { timeoutMs: 300_000 })
  return `${folder}/*:${stdout.trim()}`
}

let classPath: Promise<string> | undefined

/** What the tool prints of these files; rejects when it fails at one. */
export async function dumpOf(files: readonly string[]): Promise<string> {
  classPath ??= classPathOfTool()
  const { code, stdout, stderr } = await run(
    'java',
    [
      ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', await classPath],
      ...['org.apache.kafka.tools.DumpLogSegments', '--deep-iteration'],
      ...['--files', files.join(',')],
    ],
    { timeoutMs: 60_000 },
  )
  if (code !== 0) throw new Error(`The dump tool ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}
