/** Clients from before record batches: each is a program that produces lines and prints what it consumes. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installed, kcat, run } from './programs.ts'

const folder = fileURLToPath(new URL('../clients', import.meta.url))
const jars = fileURLToPath(new URL('../../node_modules/.cache/kafka-clients', import.meta.url))
/** Debian's, which has Debian's packages; another `python3` may come first on the path. */
const PYTHON = '/usr/bin/python3'
const isDemanded = process.env['CI'] === 'true'

/** kcat ends when it was told that there is no more, which it otherwise waits for. */
export const PROMPT: readonly string[] = ['-X', 'fetch.wait.max.ms=10']

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4'

/** A message to be sent, or one that was read, with its offset. */
export interface Message {
  topic: string
  key: string
  value: string
}

export interface Reading {
  bootstrap: string
  group: string
  /** How many messages there are in all topics. */
  count: number
  topics: readonly string[]
}

export interface OldClient {
  name: string
  /** Those that it writes and reads. */
  codecs: readonly Codec[]
  isInstalled: boolean
  produce(bootstrap: string, messages: readonly (Message & { codec: Codec })[]): Promise<void>
  consume(reading: Reading): Promise<(Message & { offset: number })[]>
}

const ALL: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4']

/** A program that takes `produce BOOTSTRAP ...` and `consume BOOTSTRAP ... GROUP COUNT TOPIC...`. */
function driver(
  facts: Pick<OldClient, 'name' | 'codecs' | 'isInstalled'>,
  command: () => Promise<readonly string[]>,
  options: readonly string[] = [],
): OldClient {
  const drive = async (args: readonly string[], input = ''): Promise<string> => {
    const [program, ...first] = await command()
    const { code, stdout, stderr } = await run(program!, [...first, ...args], { input })
    if (code !== 0) throw new Error(`${facts.name} ended with ${code}:\n${stderr}${stdout}`)
    return stdout
  }
  return {
    ...facts,
    async produce(bootstrap, messages) {
      const lines = messages.map(({ topic, codec, key, value }) =>
        [topic, codec, key, value].join('\t'),
      )
      await drive(['produce', bootstrap, ...options], `${lines.join('\n')}\n`)
    },
    async consume({ bootstrap, group, count, topics }) {
      const args = ['consume', bootstrap, ...options, group, String(count), ...topics]
      return messagesIn(await drive(args))
    },
  }
}

/** Lines of topic, offset, key and value. */
function messagesIn(text: string): (Message & { offset: number })[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [topic, offset, key, value] = line.split('\t')
      return { topic: topic!, offset: Number(offset), key: key!, value: value! }
    })
}

function npmClient(name: string, codecs: readonly Codec[]): OldClient {
  const isInstalled = isDemanded || existsSync(`${folder}/node_modules/${name}`)
  const command = [process.execPath, `${folder}/${name}.mjs`]
  return driver({ name, codecs, isInstalled }, () => Promise.resolve(command))
}

const hasKafkaPython =
  isDemanded || spawnSync(PYTHON, ['-c', 'import kafka, snappy, lz4']).status === 0

function kafkaPython(version: string): OldClient {
  const name = `kafka-python for Kafka ${version}`
  const facts = { name, codecs: ALL, isInstalled: hasKafkaPython }
  return driver(facts, () => Promise.resolve([PYTHON, `${folder}/kafka_python.py`]), [version])
}

const hasJava = installed('java') && installed('mvn')

function javaClient(version: string): OldClient {
  const facts = { name: `kafka-clients ${version}`, codecs: ALL, isInstalled: hasJava }
  return driver(facts, async () => {
    const classes = `${jars}/${version}`
    if (!existsSync(`${classes}/kafka-clients-${version}.jar`)) await fetchJars(version, classes)
    const flags = ['-Xmx256m', '-XX:TieredStopAtLevel=1']
    return ['java', ...flags, '-cp', `${classes}/*`, `${folder}/java/JavaClient.java`]
  })
}

async function fetchJars(version: string, target: string): Promise<void> {
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies'
  const settings = [`-Dkafka.version=${version}`, `-DoutputDirectory=${target}`]
  const args = ['-B', '-q', '-f', `${folder}/java/pom.xml`, goal, ...settings]
  const { code, stdout } = await run('mvn', args, { timeoutMs: 120_000 })
  if (code !== 0) throw new Error(`mvn could not fetch kafka-clients ${version}:\n${stdout}`)
}

/** librdkafka as it speaks to a broker that does not tell its versions. */
export function oldKcat(version: string): OldClient & { flags: readonly string[] } {
  const fallback = ['-X', `broker.version.fallback=${version}`]
  const flags = ['-X', 'api.version.request=false', ...fallback, ...PROMPT]
  return {
    name: `kcat for Kafka ${version}`,
    codecs: ALL,
    isInstalled: installed('kcat'),
    flags,
    async produce(bootstrap, messages) {
      for (const topic of new Set(messages.map((message) => message.topic))) {
        const ofTopic = messages.filter((message) => message.topic === topic)
        const input = ofTopic.map(({ key, value }) => `${key}:${value}\n`).join('')
        const args = ['-P', '-t', topic, '-K:', '-z', ofTopic[0]!.codec, ...flags]
        await kcat(bootstrap, args, { input })
      }
    },
    async consume({ bootstrap, topics }) {
      const format = ['-f', '%t\\t%o\\t%k\\t%s\\n']
      const texts: string[] = []
      for (const topic of topics) {
        texts.push(await kcat(bootstrap, ['-C', '-t', topic, '-e', '-q', ...format, ...flags]))
      }
      return messagesIn(texts.join(''))
    },
  }
}

export const oldClients: readonly OldClient[] = [
  oldKcat('0.8.2'),
  oldKcat('0.9.0'),
  oldKcat('0.10.0'),
  // Both would compile a package for snappy.
  npmClient('kafka-node', ['none', 'gzip']),
  npmClient('no-kafka', ['none', 'gzip']),
  kafkaPython('0.8.2'),
  kafkaPython('0.9'),
  kafkaPython('0.10.0'),
  kafkaPython('0.10.2'),
  kafkaPython('auto'),
  javaClient('0.9.0.1'),
  javaClient('0.10.2.2'),
  javaClient('1.1.1'),
]
