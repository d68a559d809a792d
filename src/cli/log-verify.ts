/** `odradek log verify DIR`: checks every rule that a data folder has to keep, and says what to do about what is broken. */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../clock.ts'
import { socketPresence } from '../socket-presence.ts'
import { holderOf } from '../storage/file/folder-holder.ts'
import { parseFolderName } from '../storage/file/log-folder.ts'
import { META_PROPERTIES } from '../storage/file/meta-properties.ts'
import { verifyFolder, type VerifyResult } from '../storage/verify/folder-check.ts'
import { readOnlyDisk } from '../storage/verify/readable-disk.ts'
import type { Violation } from '../storage/verify/violation.ts'
import { clusterTopics } from './cluster-topics.ts'
import { parseFlags, UsageError } from './flags.ts'

export const verifyHelp = `  odradek log verify DIR [flags]
      checks a whole data folder: checksums, records, offsets, indexes, snapshots, checkpoints, ids
      exit code 0: nothing is wrong; 1: something is; 2: it could not be checked

  --json               a line of JSON for each finding, and one for the summary
  --live               look although a broker has the folder: what it is writing may look torn
  --quiet              tell errors alone, and not what the next start sets right by itself`

const flags = {
  json: { type: 'boolean' },
  live: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
} as const

export async function verifyLog(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(args, flags)
  if (values.help) {
    process.stdout.write(`${verifyHelp}\n`)
    return 0
  }
  const directory = dataFolder(positionals)
  const holder = await holderOf(directory, systemClock, socketPresence)
  if (holder !== undefined) {
    const text = `A broker is running on ${directory}: ${holder}.`
    if (!values.live) {
      throw new UsageError(`${text} Stop it first, or look all the same with --live.`)
    }
    process.stderr.write(`odradek: ${text} What it is writing may look torn.\n`)
  }
  const began = systemClock.monotonic()
  const topics = await clusterTopics(readOnlyDisk, directory)
  const result = await verifyFolder(readOnlyDisk, directory, {
    now: systemClock.now(),
    ...(topics === undefined ? {} : { topics }),
    onViolation: (violation) => {
      if (values.quiet && violation.severity === 'note') return
      process.stdout.write(`${values.json ? JSON.stringify(violation) : lineOf(violation)}\n`)
    },
  })
  const seconds = (systemClock.monotonic() - began) / 1000
  const summary = values.json
    ? JSON.stringify({ summary: { directory, ...result, seconds } })
    : summaryOf(directory, result, seconds)
  process.stdout.write(`${summary}\n`)
  return result.errors > 0 ? 1 : 0
}

/** One line: where, what, and what to do. */
function lineOf(violation: Violation): string {
  const { severity, file, position, offset, text, advice, rule } = violation
  const at = position === undefined ? '' : ` at byte ${position}`
  const about = offset === undefined || offset === Infinity ? '' : ` (offset ${offset})`
  const word = severity === 'error' ? 'ERROR' : 'note '
  return `${word}  ${file}${at}${about}: ${text}. ${advice} [${rule}]`
}

function summaryOf(directory: string, result: VerifyResult, seconds: number): string {
  const { logs, segments, batches, records, bytes, errors, notes, isClean } = result
  const megabytes = bytes / 1e6
  const size =
    megabytes >= 1000 ? `${(megabytes / 1000).toFixed(1)} GB` : `${megabytes.toFixed(1)} MB`
  const speed = seconds > 0 ? `, ${Math.round(megabytes / seconds)} MB/s` : ''
  const stop = isClean ? 'The last stop was a clean one.' : 'The last stop was not a clean one.'
  const found =
    errors === 0
      ? `Nothing is wrong${notes > 0 ? `; ${counted(notes, 'note')}` : ''}.`
      : `${counted(errors, 'error')}, ${counted(notes, 'note')}.`
  return [
    `${directory}: ${counted(logs, 'log')}, ${counted(segments, 'segment')}, ${counted(batches, 'batch', 'batches')}, ${counted(records, 'record')}, ${size} in ${seconds.toFixed(1)} s${speed}.`,
    `${found} ${stop}`,
  ].join('\n')
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`
}

function dataFolder([path, ...more]: readonly string[]): string {
  if (path === undefined) {
    throw new UsageError('odradek log verify wants a data folder: odradek log verify ./.odradek')
  }
  if (more.length > 0)
    throw new UsageError(`odradek log verify takes one folder, not '${more[0]}' too.`)
  const directory = resolve(path)
  const stat = statSync(directory, { throwIfNoEntry: false })
  if (!stat) throw new UsageError(`There is no folder ${directory}.`)
  if (!stat.isDirectory()) {
    throw new UsageError(
      `${directory} is a file: odradek log verify takes a data folder. To see what is in a file, use odradek log dump.`,
    )
  }
  const entries = readOnlyDisk.list(directory) ?? []
  const isData = entries.some(({ name, isDirectory }) =>
    isDirectory ? parseFolderName(name) !== undefined : name === META_PROPERTIES,
  )
  if (!isData) {
    throw new UsageError(
      `${directory} is no data folder: it has no ${META_PROPERTIES} and no logs. The folder wanted is the one that the broker was started with.`,
    )
  }
  return directory
}
