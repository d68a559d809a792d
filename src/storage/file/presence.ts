/**
 * What others see of a process only as long as it lives, by whatever way it ends, and also while it is paused: a lock of the
 * operating system's would be one, which Node has none of. Whoever opens a disk says what takes its place.
 */
export interface Presence {
  /** Shows this process at a path that nothing has been at; undefined where that cannot be done. */
  show(path: string): Promise<{ close(): void } | undefined>
  /** Whether the process lives that has shown itself there, on this machine and in this very folder; undefined where that cannot be told. */
  isThere(path: string): Promise<boolean | undefined>
}
