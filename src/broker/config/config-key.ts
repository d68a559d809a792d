/** One row of a configuration table: a key's type, its default, what values it takes, and whether it may change while the broker runs. */

import { oneOf, type Rule } from './rules.ts'

export type ConfigType =
  | 'BOOLEAN'
  | 'STRING'
  | 'INT'
  | 'SHORT'
  | 'LONG'
  | 'DOUBLE'
  | 'LIST'
  | 'CLASS'
  | 'PASSWORD'

/** `read-only` keys need a restart; the others may be altered for one broker, or for all as well. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

export type Parsed<T> =
  /** `text` is the value as Kafka prints it: trimmed, numbers in their plain form. */
  { value: T; text: string } | { error: string }

export interface ConfigKey<T> {
  readonly type: ConfigType
  /** As Kafka prints it; null where there is none. */
  readonly defaultText: string | null
  readonly defaultValue: T
  readonly update: UpdateMode
  parse(name: string, text: string): Parsed<NonNullable<T>>
}

/** What a row of a table holds, once read. */
export type ValueOf<K> = K extends ConfigKey<infer T> ? T : never

type Trait<T> = Rule<T> | UpdateMode

type Read<T> = (text: string) => { value: T; text: string } | string

const LONG_MIN = -(2n ** 63n)
/** Kafka's word for "never" and "no limit" in LONG keys. */
export const LONG_MAX = 2n ** 63n - 1n
export const INT_MAX = 2 ** 31 - 1

function key<T, D extends T | null>(
  type: ConfigType,
  defaultText: string | null,
  read: Read<T>,
  traits: readonly Trait<T>[],
): ConfigKey<D> {
  const rules = traits.filter((trait) => typeof trait === 'function')
  const update = traits.find((trait) => typeof trait === 'string') ?? 'read-only'
  const parsedDefault = defaultText === null ? null : read(defaultText)
  if (typeof parsedDefault === 'string') throw new Error(`Bad default: ${parsedDefault}`)
  return {
    type,
    defaultText,
    defaultValue: (parsedDefault?.value ?? null) as D,
    update,
    parse(name, text) {
      const parsed = read(text.trim())
      if (typeof parsed === 'string') {
        return { error: `Invalid value ${text} for configuration ${name}: ${parsed}` }
      }
      for (const rule of rules) {
        const error = rule(name, parsed.value, parsed.text)
        if (error !== undefined) return { error }
      }
      return parsed as { value: NonNullable<D>; text: string }
    },
  }
}

function readWhole(type: 'INT' | 'SHORT' | 'LONG', min: bigint, max: bigint): Read<number> {
  const floor = Math.max(Number(min), Number.MIN_SAFE_INTEGER)
  const ceiling = Math.min(Number(max), Number.MAX_SAFE_INTEGER)
  return (text) => {
    const complaint = `Not a number of type ${type}`
    if (!/^[+-]?\d{1,40}$/.test(text)) return complaint
    const whole = BigInt(text.replace(/^\+/, ''))
    if (whole < min || whole > max) return complaint
    return { value: Math.min(Math.max(Number(whole), floor), ceiling), text: String(whole) }
  }
}

const readInt = readWhole('INT', -(2n ** 31n), 2n ** 31n - 1n)
const readShort = readWhole('SHORT', -(2n ** 15n), 2n ** 15n - 1n)
const readLong = readWhole('LONG', LONG_MIN, LONG_MAX)

const readString: Read<string> = (text) => ({ value: text, text })

/** An element that stands there twice is taken once. */
const readList: Read<readonly string[]> = (text) => {
  const value = text === '' ? [] : [...new Set(text.split(/\s*,\s*/))]
  return { value, text: value.join(',') }
}

/** Java's way to print a double: always with a point, with an exponent from 10^7 on and below 10^-3. */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-3 && size < 1e7)) {
    return Number.isInteger(value) ? `${value}.0` : String(value)
  }
  const [mantissa, exponent] = value.toExponential().split('e')
  return `${mantissa?.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
}

const readDouble: Read<number> = (text) => {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(text)
    ? Number.parseFloat(text)
    : Number.NaN
  return Number.isFinite(value) ? { value, text: doubleText(value) } : 'Not a number of type DOUBLE'
}

const readBoolean: Read<boolean> = (text) => {
  const lower = text.toLowerCase()
  if (lower !== 'true' && lower !== 'false') return 'Expected value to be either true or false'
  return { value: lower === 'true', text: lower }
}

/** A key's type follows from its default: one without a value may be null. */
type Nullable<T, D> = D extends null ? T | null : T

export function bool(defaultValue: boolean, ...traits: Trait<boolean>[]): ConfigKey<boolean> {
  return key('BOOLEAN', String(defaultValue), readBoolean, traits)
}

export function int<D extends number | null>(
  defaultValue: D,
  ...traits: Trait<number>[]
): ConfigKey<Nullable<number, D>> {
  return key('INT', defaultValue === null ? null : String(defaultValue), readInt, traits)
}

export function short(defaultValue: number, ...traits: Trait<number>[]): ConfigKey<number> {
  return key('SHORT', String(defaultValue), readShort, traits)
}

/** A value beyond what a number holds exactly is read as the largest safe one: Long.MAX_VALUE is Number.MAX_SAFE_INTEGER. */
export function long<D extends number | bigint | null>(
  defaultValue: D,
  ...traits: Trait<number>[]
): ConfigKey<Nullable<number, D>> {
  return key('LONG', defaultValue === null ? null : String(defaultValue), readLong, traits)
}

export function double(defaultValue: number, ...traits: Trait<number>[]): ConfigKey<number> {
  return key('DOUBLE', doubleText(defaultValue), readDouble, traits)
}

export function string<D extends string | null>(
  defaultValue: D,
  ...traits: Trait<string>[]
): ConfigKey<Nullable<string, D>> {
  return key('STRING', defaultValue, readString, traits)
}

/** One of a few words. */
export function choice<const W extends string>(
  defaultValue: W,
  words: readonly W[],
  ...traits: Trait<string>[]
): ConfigKey<W> {
  return key<string, W>('STRING', defaultValue, readString, [oneOf(...words), ...traits])
}

export function list<D extends readonly string[] | null>(
  defaultValue: D,
  ...traits: Trait<readonly string[]>[]
): ConfigKey<Nullable<readonly string[], D>> {
  return key('LIST', defaultValue === null ? null : defaultValue.join(','), readList, traits)
}

/** The name of a Java class: read, never loaded. */
export function className<D extends string | null>(
  defaultValue: D,
  ...traits: Trait<string>[]
): ConfigKey<Nullable<string, D>> {
  return key('CLASS', defaultValue, readString, traits)
}

/** Never printed: DescribeConfigs and logs show no value. */
export function password(...traits: Trait<string>[]): ConfigKey<string | null> {
  return key('PASSWORD', null, readString, traits)
}
