/** `odradek log verify` and `odradek log dump`: what looks at a data folder while no broker needs to run. */

import { BrokerError } from '../broker-error.ts'
import { didYouMean } from '../broker/config/nearest.ts'
import { StorageError } from '../storage/engine.ts'
import { UsageError } from './flags.ts'
import { dumpHelp, dumpLog } from './log-dump.ts'
import { verifyHelp, verifyLog } from './log-verify.ts'

/** Could not do what was asked: 1 is for what verify has found. */
const COULD_NOT = 2

const logHelp = `odradek log - looks into a data folder, ours or Kafka's; nothing is changed

${verifyHelp}

${dumpHelp}`

const tools = { verify: verifyLog, dump: dumpLog }

export async function logTools([name = '', ...args]: readonly string[]): Promise<number> {
  if (name === '' || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(`${logHelp}\n`)
    return name === '' ? COULD_NOT : 0
  }
  try {
    const tool = Object.hasOwn(tools, name) ? tools[name as keyof typeof tools] : undefined
    if (!tool) {
      const hint = didYouMean(name, Object.keys(tools), (word) => `'${word}'`)
      throw new UsageError(
        `There is no command 'log ${name}'.${hint || ' Try odradek log --help.'}`,
      )
    }
    return await tool(args)
  } catch (error) {
    process.stderr.write(`odradek: ${textOf(error)}\n`)
    return COULD_NOT
  }
}

function textOf(error: unknown): string {
  for (const kind of [UsageError, BrokerError, StorageError]) {
    if (error instanceof kind) return error.message
  }
  if (!(error instanceof Error)) return String(error)
  if (!('code' in error) || !('path' in error)) return error.stack ?? error.message
  const reason = error.code === 'EACCES' ? 'permission denied' : error.message
  return `${String(error.path)} cannot be read: ${reason}.`
}
