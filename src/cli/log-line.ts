/** Log lines for people: one line, the time of day, a level only when it matters, and the fields that are left. */

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace ',
  20: 'debug ',
  30: '',
  40: 'warn  ',
  50: 'ERROR ',
  60: 'FATAL ',
}

/** Makes a line of pino's JSON one for people; what is no such line stays as it is. */
export function humanLine(json: string): string {
  let line: Record<string, unknown>
  try {
    line = JSON.parse(json) as Record<string, unknown>
  } catch {
    return json
  }
  const { level, time, msg, err, ...rest } = line
  const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${shown(value)}`)
  const stack = (err as { stack?: string } | undefined)?.stack
  return `${timeOfDay(Number(time))} ${LEVELS[Number(level)] ?? ''}${typeof msg === 'string' ? msg : ''}${fields.join('')}${stack ? `\n${stack}` : ''}\n`
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

const clockFace = new Intl.DateTimeFormat('sv-SE', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

function timeOfDay(ms: number): string {
  return clockFace.format(ms).replace(',', '.')
}
