/** The sub-commands, each loaded when it is asked for. */

import { BrokerError } from '../broker-error.ts'
import { ConfigError } from '../broker/config/broker-config.ts'
import { didYouMean } from '../broker/config/nearest.ts'
import { StorageError } from '../storage/engine.ts'
import { UsageError } from './flags.ts'

/** Resolves with the exit code. */
type Command = (args: readonly string[]) => Promise<number>

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  help: async () => (await import('./start.ts')).printHelp,
  log: async () => (await import('./log-tools.ts')).logTools,
  start: async () => (await import('./start.ts')).start,
  version: async () => (await import('./start.ts')).printVersion,
}

/** Runs a command line; what it cannot do is said in one line on stderr. Only our own bugs have a stack trace. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const [first = '', ...rest] = args
    if (first === '' || first.startsWith('-')) return await run('start', args)
    return await run(first, rest)
  } catch (error) {
    process.stderr.write(`odradek: ${failureText(error)}\n`)
    return 1
  }
}

async function run(name: string, args: readonly string[]): Promise<number> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!load) {
    const hint = didYouMean(name, Object.keys(commands), (command) => `'${command}'`)
    throw new UsageError(`There is no command '${name}'.${hint || ' Try odradek help.'}`)
  }
  const command = await load()
  return command(args)
}

export function failureText(error: unknown): string {
  const told = [UsageError, BrokerError, ConfigError, StorageError]
  for (const kind of told) if (error instanceof kind) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
