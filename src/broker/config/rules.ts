/** The rules that values of configuration keys obey, with Kafka's words for what breaks them. */

/** Says in Kafka's words what is wrong with a parsed value, or nothing. */
export type Rule<T> = (name: string, value: T, text: string) => string | undefined

function invalid(name: string, text: string, complaint: string): string {
  return `Invalid value ${text} for configuration ${name}: ${complaint}`
}

export function atLeast(min: number): Rule<number> {
  return (name, value, text) =>
    value < min ? invalid(name, text, `Value must be at least ${min}`) : undefined
}

export function between(min: number, max: number): Rule<number> {
  return (name, value, text) => {
    if (value < min) return invalid(name, text, `Value must be at least ${min}`)
    if (value > max) return invalid(name, text, `Value must be no more than ${max}`)
    return undefined
  }
}

export function betweenOr(min: number, max: number, other: number): Rule<number> {
  return (name, value, text) =>
    (value < min || value > max) && value !== other
      ? invalid(name, text, `Value must be between ${min} and ${max} or equal to ${other}`)
      : undefined
}

export function oneOf(...allowed: string[]): Rule<string> {
  return (name, value, text) =>
    allowed.includes(value)
      ? undefined
      : invalid(name, text, `String must be one of: ${allowed.join(', ')}`)
}

export function oneOfAnyCase(...allowed: string[]): Rule<string> {
  return (name, value, text) =>
    allowed.includes(value.toUpperCase())
      ? undefined
      : invalid(name, text, `String must be one of (case insensitive): ${allowed.join(', ')}`)
}

export const notBlank: Rule<string> = (name, value, text) =>
  value === '' ? invalid(name, text, 'String must be non-empty') : undefined

/** What every list obeys where nothing else is said. That an element stands once is seen to in reading. */
export const noBlanks: Rule<readonly string[]> = (name, value) =>
  value.includes('') ? `Configuration '${name}' values must not be empty.` : undefined

export function eachOneOf(...allowed: string[]): Rule<readonly string[]> {
  const allowedOne = oneOf(...allowed)
  return (name, value) => {
    for (const one of value) {
      const error = allowedOne(name, one, one)
      if (error !== undefined) return error
    }
    return undefined
  }
}

export function notEmpty(...allowed: string[]): Rule<readonly string[]> {
  const rest = allowed.length === 0 ? noBlanks : eachOneOf(...allowed)
  const valid = allowed.length === 0 ? 'any non-empty value' : `[${allowed.join(', ')}]`
  return (name, value, text) =>
    value.length === 0
      ? `Configuration '${name}' must not be empty. Valid values include: ${valid}`
      : rest(name, value, text)
}

/** `*`, or partition:broker pairs. */
export const throttledReplicas: Rule<readonly string[]> = (name, value) => {
  if (value.length === 1 && value[0]?.trim() === '*') return undefined
  if (value.every((pair) => /^\d+:\d+$/.test(pair))) return undefined
  const complaint = `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`
  return invalid(name, `[${value.join(', ')}]`, complaint)
}

/** `id@host:port`, as the members of a controller quorum are written. */
export const quorumVoters: Rule<readonly string[]> = (name, value) =>
  value.every((voter) => /^\d+@.+:\d+$/.test(voter))
    ? undefined
    : `Invalid configuration value for ${name}. Each entry should be in the form \`{id}@{host}:{port}\`.`

export const hostsAndPorts: Rule<readonly string[]> = (name, value) => {
  const bad = value.find((entry) => !/^.+:\d+$/.test(entry))
  return bad === undefined
    ? undefined
    : `Failed to parse host name from ${bad} for the configuration ${name}. Each entry should be in the form "{host}:{port}"`
}

/** Where a share group begins: `latest`, `earliest`, or an ISO 8601 duration before now (KIP-932). */
export const offsetReset: Rule<string> = (name, value, text) => {
  if (value === 'latest' || value === 'earliest') return undefined
  const duration = /^by_duration:P(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.exec(value)
  if (duration && value.length > 'by_duration:P'.length) return undefined
  return invalid(
    name,
    text,
    `Invalid value \`${text}\` for configuration ${name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.`,
  )
}
