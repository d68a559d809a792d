/** What the broker tells whoever runs it. The shape is pino's, so that a pino logger fits. */

export interface LogMethod {
  (fields: object, text?: string): void
  (text: string): void
}

export interface Logger {
  /** What is below it is not written; a log that has one may be given another. */
  level?: string
  isLevelEnabled(level: string): boolean
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}

const nothing = (): void => {}

export const silentLogger: Logger = {
  isLevelEnabled: () => false,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}
