/** What SIGINT and SIGTERM do: end a start, ask a broker to stop, and then not wait for that. */

export interface Signals {
  /** From now on the first signal asks to stop, and the second does not wait for that. Resolves at the first. */
  ask(): Promise<void>
  forget(): void
}

/** Before somebody asks, SIGINT and SIGTERM end the process: as the first one of a container it would not hear them without. */
export function listenToSignals(): Signals {
  let whenAsked: (() => void) | undefined
  const hear = (_: NodeJS.Signals, number: number): void => {
    if (!whenAsked) process.exit(128 + number)
    whenAsked()
    whenAsked = undefined
  }
  const names = ['SIGINT', 'SIGTERM'] as const
  for (const name of names) process.on(name, hear)
  return {
    ask: () =>
      new Promise((resolve) => {
        whenAsked = resolve
      }),
    forget: () => {
      for (const name of names) process.off(name, hear)
    },
  }
}
