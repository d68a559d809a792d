/** `odradek log dump DIR|FILE`: prints what lies in a data folder, in one log of it, or in one file. */

import { statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { parseFileName, parseFolderName } from '../storage/file/log-folder.ts'
import { readOnlyDisk } from '../storage/verify/readable-disk.ts'
import { batchesOf, walkChunks } from '../storage/verify/segment-walk.ts'
import { batchJson, batchText } from './dump/batch-lines.ts'
import { jsonOf } from './dump/display.ts'
import { entriesOf, entryLine } from './dump/small-files.ts'
import { parseFlags, UsageError } from './flags.ts'

export const dumpHelp = `  odradek log dump DIR|FILE [flags]
      prints the batches and records of a data folder, of one log in it, or of one file: a segment, an index, a snapshot
      of producers, a checkpoint; records of internal topics are decoded

  -t, --topic NAME     only this topic
  -p, --partition N    only this partition
  -o, --offset N       from this offset on
  -n, --limit N        so many records (with --batches-only: batches) of each log
  --batches-only       headers of batches, and no records
  --json               a line of JSON for each batch or entry`

const flags = {
  topic: { type: 'string', short: 't' },
  partition: { type: 'string', short: 'p' },
  offset: { type: 'string', short: 'o' },
  limit: { type: 'string', short: 'n' },
  'batches-only': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

interface DumpOptions {
  topic: string | undefined
  partition: number | undefined
  offset: number
  limit: number
  batchesOnly: boolean
  json: boolean
}

/** Files that hold batches: segments, what was cut off from them, and snapshots of Kafka's metadata. */
const BATCH_FILE = /^\d{20}(\.log(\..+)?|-\d{10}\.checkpoint)$/

export async function dumpLog(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(args, flags)
  if (values.help) {
    process.stdout.write(`${dumpHelp}\n`)
    return 0
  }
  const [path, ...more] = positionals
  if (path === undefined) {
    throw new UsageError(
      'odradek log dump wants a folder or a file: odradek log dump ./.odradek -t orders',
    )
  }
  if (more.length > 0)
    throw new UsageError(`odradek log dump takes one folder or file, not '${more[0]}' too.`)
  const options: DumpOptions = {
    topic: values.topic,
    partition: numberOf('--partition', values.partition),
    offset: numberOf('--offset', values.offset) ?? 0,
    limit: numberOf('--limit', values.limit) ?? Infinity,
    batchesOnly: values['batches-only'] ?? false,
    json: values.json ?? false,
  }
  const target = resolve(path)
  const stat = statSync(target, { throwIfNoEntry: false })
  if (!stat) throw new UsageError(`There is no folder or file ${target}.`)
  process.stdout.on('error', endQuietly)
  try {
    if (!stat.isDirectory()) await dumpFile(target, options)
    else await dumpFolder(target, options)
  } finally {
    process.stdout.off('error', endQuietly)
  }
  return 0
}

/** A reader that has seen enough, such as head, is no trouble. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

async function dumpFolder(directory: string, options: DumpOptions): Promise<void> {
  const entries = readOnlyDisk.list(directory) ?? []
  if (entries.some(({ name }) => parseFileName(name)?.kind === 'log')) {
    await dumpLogFolder(directory, options)
    return
  }
  const logs = entries.flatMap(({ name, isDirectory }) => {
    const parsed = isDirectory ? parseFolderName(name) : undefined
    return parsed ? [{ name, ...parsed }] : []
  })
  if (logs.length === 0) throw new UsageError(`${directory} has no logs, and is none.`)
  const wanted = logs.filter(
    ({ topic, partitionIndex }) =>
      (options.topic === undefined || topic === options.topic) &&
      (options.partition === undefined || partitionIndex === options.partition),
  )
  if (wanted.length === 0) {
    const topics = [...new Set(logs.map(({ topic }) => topic))].toSorted()
    throw new UsageError(`${directory} has no such log. Its topics are ${topics.join(', ')}.`)
  }
  wanted.sort((a, b) => a.topic.localeCompare(b.topic) || a.partitionIndex - b.partitionIndex)
  for (const { name } of wanted) await dumpLogFolder(`${directory}/${name}`, options)
}

/** Its segments one after the other. */
async function dumpLogFolder(folder: string, options: DumpOptions): Promise<void> {
  const segments = (readOnlyDisk.list(folder) ?? [])
    .map(({ name }) => ({ name, file: parseFileName(name) }))
    .filter(({ file }) => file?.kind === 'log')
    .map(({ name, file }) => ({ name, baseOffset: file!.offset }))
    .toSorted((a, b) => a.baseOffset - b.baseOffset)
  let { limit } = options
  for (const [i, { name }] of segments.entries()) {
    const next = segments[i + 1]?.baseOffset
    if (limit <= 0) return
    if (next !== undefined && next <= options.offset) continue
    limit -= await dumpBatches(`${folder}/${name}`, { ...options, limit })
  }
}

async function dumpFile(path: string, options: DumpOptions): Promise<void> {
  const name = basename(path)
  if (BATCH_FILE.test(name)) {
    await dumpBatches(path, options)
    return
  }
  const entries = entriesOf(name, readOnlyDisk.readFile(path)!)
  if (!entries) {
    throw new UsageError(
      `${name} is no file of a log. What can be shown: .log, .index, .timeindex, .txnindex, .snapshot and checkpoint files.`,
    )
  }
  if (!options.json) await print([path])
  await print(entries.slice(0, options.limit).map((entry) => entryLine(entry, options.json)))
}

/** Gives how many records, or batches, were printed. */
async function dumpBatches(path: string, options: DumpOptions): Promise<number> {
  const folder = parseFolderName(basename(dirname(path)))
  const { topic = '', partitionIndex: partition = -1 } = folder ?? {}
  const file = readOnlyDisk.open(path)
  let printed = 0
  try {
    if (!options.json) await print([path])
    const chunks = walkChunks(file, 0, file.size())
    for (;;) {
      const step = await chunks.next()
      if (step.done) {
        if (step.value) await tellEnd(path, step.value, options.json)
        return printed
      }
      for (const { batch, position } of batchesOf(step.value)) {
        if (batch.lastOffset < options.offset) continue
        if (printed >= options.limit) return printed
        const linesOf = options.json ? batchJson : batchText
        const { lines, records } = linesOf(
          batch,
          { topic, partition, file: basename(path), position },
          {
            batchesOnly: options.batchesOnly,
            fromOffset: options.offset,
            limit: options.limit - printed,
          },
        )
        await print(lines)
        printed += options.batchesOnly ? 1 : records
      }
    }
  } finally {
    file.close()
  }
}

function tellEnd(
  file: string,
  { position, text }: { position: number; text: string },
  isJson: boolean,
): Promise<void> {
  return print([isJson ? jsonOf({ file, position, fault: text }) : `  at ${position}: ${text}`])
}

/** Waits until whoever reads has taken it: a folder may be larger than memory. */
async function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  await new Promise<void>((done) => {
    if (process.stdout.write(`${lines.join('\n')}\n`)) done()
    else process.stdout.once('drain', done)
  })
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${flag} is a whole number, not '${text}'.`)
  return Number(text)
}
