/**
 * Transcripts of Kafka's command line tools: what was asked, and what the tool printed when it spoke to Apache Kafka 4.4.
 *
 *   $ topics --create --topic a     runs a tool (TOOLS has its class); --bootstrap-server is added
 *   ~ features describe             the same for a broker with less to tell: each of its lines is one of these, or says
 *                                   that something is UNSUPPORTED
 *   < text                          a line of its standard input
 *   printed                         a line of its standard output, blanks squeezed, what differs by run replaced
 *   2> printed                      a line of its standard error, stack traces left out
 *   [exit 1]                        its exit code, unless that is 0
 *   ! join {"name":"m", ...}        a command of the Java driver; nothing of it is compared
 *   # text                          a comment
 *
 * To record anew what Kafka prints: for each transcript start a fresh one-node Kafka, and run its test (vitest -t NAME) with
 * ODRADEK_RECORD=host:port of that Kafka.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { JavaDriver } from './java-driver.ts'
import { kafkaTool, type Outcome } from './programs.ts'

const PACKAGE = 'org.apache.kafka.tools.'

const TOOLS: Record<string, string> = {
  topics: 'TopicCommand',
  offsets: 'GetOffsetShell',
  'delete-records': 'DeleteRecordsCommand',
  'log-dirs': 'LogDirsCommand',
  'console-producer': 'ConsoleProducer',
  'console-consumer': 'consumer.ConsoleConsumer',
  'consumer-groups': 'consumer.group.ConsumerGroupCommand',
  groups: 'GroupsCommand',
  cluster: 'ClusterTool',
  quorum: 'MetadataQuorumCommand',
  features: 'FeatureCommand',
  'api-versions': 'BrokerApiVersionsCommand',
  acls: 'AclCommand',
  'delegation-tokens': 'DelegationTokenCommand',
  'client-metrics': 'ClientMetricsCommand',
  transactions: 'TransactionsCommand',
  'share-groups': 'consumer.group.ShareGroupCommand',
  'streams-groups': 'streams.StreamsGroupCommand',
  'replica-verification': 'ReplicaVerificationTool',
  'leader-election': 'LeaderElectionCommand',
  reassign: 'reassign.ReassignPartitionsCommand',
}

/** The Kafka to record from, when that is asked for. */
export const recordingTarget = process.env['ODRADEK_RECORD']

export interface Step {
  /** The line as written, with its mark. */
  line: string
  /** The lines of standard input. */
  input: string[]
  /** What is expected, in the form of `printed`. */
  output: string[]
}

export function transcriptPath(name: string): string {
  return fileURLToPath(new URL(`../transcripts/${name}.txt`, import.meta.url))
}

export function stepsOf(path: string): Step[] {
  const steps: Step[] = []
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const step = steps.at(-1)
    if (/^[$~!#] /.test(line)) steps.push({ line, input: [], output: [] })
    else if (line.startsWith('< ')) step!.input.push(line.slice(2))
    else if (line !== '') step!.output.push(line)
  }
  return steps
}

export function writeSteps(path: string, steps: readonly Step[]): void {
  const text = steps.map(({ line, input, output }) =>
    [line, ...input.map((part) => `< ${part}`), ...output].join('\n'),
  )
  writeFileSync(path, `${text.join('\n\n')}\n`)
}

/** Words of a command, those with blanks in single quotes; `{name}` stands for a value of the run. */
function words(text: string, values: Record<string, string>): string[] {
  const filled = text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  return [...filled.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)
}

/** Takes one step; resolves with what was printed, in the form that transcripts have. */
export async function take(
  step: Step,
  driver: JavaDriver,
  bootstrap: string,
  values: Record<string, string> = {},
): Promise<string[]> {
  if (step.line.startsWith('# ')) return []
  if (step.line.startsWith('! ')) {
    const [, command, asked] = /^! (\S+) ?(.*)$/.exec(step.line)!
    await driver.do(command!, JSON.parse(asked || '{}') as object)
    return []
  }
  const [tool, ...args] = words(step.line.slice(2), values)
  const address = ['--bootstrap-server', bootstrap]
  const className = PACKAGE + TOOLS[tool!]!
  if (tool === 'api-versions') {
    const outcome = await kafkaTool(className, [...address, ...args], { ownClients: true })
    return printed(outcome, bootstrap)
  }
  // The cluster tool takes its options behind the verb, the quorum tool before it; the others do not mind.
  const outcome = await driver.tool(
    className,
    tool === 'cluster' ? [...args, ...address] : [...address, ...args],
    step.input.map((line) => `${line}\n`).join(''),
  )
  return printed(outcome, bootstrap)
}

/** What differs from run to run, and what it is called instead. */
const VARIABLES: [RegExp, string][] = [
  [/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  [/(TopicId: |ClusterId: |Cluster ID: )\s*[\w-]+/g, '$1ID'],
  [/((?:HighWatermark|LeaderEpoch|Epoch):\s+)\d+/g, '$1N'],
  [/^\d+\s+[\w-]{22}\s+\d+\s+0\s+\d{13}\s+\d{13}/g, 'NODE DIRECTORY N 0 TIME TIME'],
  [/"endpoints": \["[^\]]*\]/g, '"endpoints": [ADDRESS]'],
  [/"(commit|expire|currentState)Timestamp":\d+/g, '"$1Timestamp":TIME'],
  [/"topicId":"[^"]*"/g, '"topicId":"ID"'],
  // What is served from the first version on where Kafka begins later.
  [/\((\d+)\): \d+(?: to (\d+))? \[usable/g, '($1): to $2 [usable'],
  [/\b1\d{12}\b/g, 'TIME'],
  [/"logDir":"[^"]*"/g, '"logDir":"FOLDER"'],
  [/"log_dirs":\["\/[^"]*"\]/g, '"log_dirs":["FOLDER"]'],
  [/"size":[1-9]\d*/g, '"size":BYTES'],
  [/[ \t]+/g, ' '],
]

function printed({ code, stdout, stderr }: Outcome, bootstrap: string): string[] {
  const port = bootstrap.split(':')[1]!
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => !/^\s+at |^Caused by: /.test(line))
      .map((line) =>
        VARIABLES.reduce((said, [pattern, name]) => said.replaceAll(pattern, name), line)
          .replaceAll(new RegExp(`\\b${port}\\b`, 'g'), 'PORT')
          .trim(),
      )
      .filter((line) => line !== '')
  const end = code === 0 ? [] : [`[exit ${code}]`]
  return [...lines(stdout), ...lines(stderr).map((line) => `2> ${line}`), ...end]
}
