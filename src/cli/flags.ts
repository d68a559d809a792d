/** Reads a command's flags, and says in one line what is wrong with them. */

import { parseArgs, type ParseArgsConfig } from 'node:util'
import { didYouMean } from '../broker/config/nearest.ts'

/** The command line cannot be obeyed: its message is all that is printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>

export function parseFlags<const O extends Options>(
  args: readonly string[],
  options: O,
): Parsed<O> {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!option) throw unknownFlag(token.name, token.rawName, options)
    if (option.type === 'string' && (token.value === undefined || looksLikeFlag(token))) {
      throw new UsageError(`${token.rawName} needs a value.`)
    }
    if (option.type === 'boolean' && token.value !== undefined) {
      throw new UsageError(`${token.rawName} takes no value.`)
    }
  }
  return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
}

/** `--data --memory`: the value was forgotten. One that begins with a dash is written `--data=-x`. */
function looksLikeFlag(token: {
  value?: string | undefined
  inlineValue?: boolean | undefined
}): boolean {
  return token.inlineValue === false && (token.value ?? '').startsWith('-') && token.value !== '-'
}

function unknownFlag(name: string, rawName: string, options: Options): UsageError {
  const hint = rawName.startsWith('--')
    ? didYouMean(name, Object.keys(options), (flag) => `--${flag}`)
    : ''
  return new UsageError(`Unknown flag ${rawName}.${hint || ' Try odradek --help.'}`)
}
