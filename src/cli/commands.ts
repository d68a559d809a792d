/** The sub-commands, each loaded when it is asked for. */

import { BrokerError } from '../broker-error.ts'
import { ConfigError } from '../broker/config/broker-config.ts'
import { nearest } from '../broker/config/nearest.ts'
import { UsageError } from './flags.ts'

/** Resolves with the exit code. */
type Command = (args: readonly string[]) => Promise<number>

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
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
    const closest = nearest(name, Object.keys(commands))
    throw new UsageError(
      `There is no command '${name}'. The nearest known one is '${closest?.name}'.`,
    )
  }
  const command = await load()
  return command(args)
}

export function failureText(error: unknown): string {
  if (error instanceof UsageError || error instanceof BrokerError || error instanceof ConfigError) {
    return error.message
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
