/**
 * The file that names a folder's holder, and how it goes from one to the next.
 *
 *   .lock                 who holds the folder
 *   .lock.<token>         what a process is going to put there
 *   .lock.<token>.next    who takes over from the holder of this token: only one can make the file, be it another process,
 *                         or the holder itself when it has been silent for so long that another may have tried
 */

import * as fs from 'node:fs'
import { isNotFound } from './disk.ts'
import { type Holder, parseHolder } from './lock-holder.ts'

/** Successors that died on the way, one after the other, before one gives up. */
const LONGEST_LINE = 16

export class LockFile {
  readonly path: string

  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
    this.path = `${directory}/.lock`
  }

  read(): string | undefined {
    return readText(this.path)
  }

  /** When the holder gave a sign of life, by the file system's clock. */
  touched(): number | undefined {
    return fs.statSync(this.path, { throwIfNoEntry: false })?.mtimeMs
  }

  /** How long ago that was, by the same clock. */
  silentFor(content: string): number {
    return this.withClaim(content, (claim) => fs.statSync(claim).mtimeMs - (this.touched() ?? 0))
  }

  /** What a dead holder has left behind. */
  removePresence(holder: Holder | undefined): void {
    if (holder && /^\.lock\.[\w-]+\.socket$/.test(holder.presence)) {
      fs.rmSync(`${this.directory}/${holder.presence}`, { force: true })
    }
  }

  remove(): void {
    fs.rmSync(this.path, { force: true })
  }

  /** Takes a lock that nobody has. */
  claim(content: string): boolean {
    return this.withClaim(content, (claim) => appeared(claim, this.path, content))
  }

  /** The holder, or whoever was about to take over from it, or from that one. */
  line(found: string): string[] {
    const line = [found]
    while (line.length < LONGEST_LINE) {
      const next = readText(this.nextOf(line.at(-1)!))
      if (next === undefined) break
      line.push(next)
    }
    return line
  }

  /**
   * Takes over from the last of this line, if no other process does so, and nothing has changed since it was judged, of
   * which the time of the last sign of life is a part.
   */
  succeed(line: readonly string[], touched: number | undefined, content: string): boolean {
    const next = this.nextOf(line.at(-1)!)
    return this.withClaim(content, (claim) => {
      if (!appeared(claim, next, content)) return false
      const isSame = this.read() === line[0] && this.touched() === touched
      if (isSame) fs.renameSync(claim, this.path)
      for (const one of isSame ? line : line.slice(-1)) fs.rmSync(this.nextOf(one), { force: true })
      return isSame
    })
  }

  private withClaim<T>(content: string, use: (claim: string) => T): T {
    const claim = `${this.path}.${keyOf(content)}`
    fs.writeFileSync(claim, content)
    try {
      return use(claim)
    } finally {
      fs.rmSync(claim, { force: true })
    }
  }

  private nextOf(content: string): string {
    return `${this.path}.${keyOf(content)}.next`
  }
}

/** A lock that is nobody's has no token. */
function keyOf(content: string): string {
  return parseHolder(content)?.token ?? 'nobody'
}

/** Makes a file appear with its content, if there is none: a hard link, or where there are none an exclusive open. */
function appeared(claim: string, path: string, content: string): boolean {
  try {
    fs.linkSync(claim, path)
    return true
  } catch (error) {
    if (isExisting(error)) return readText(path) === content
  }
  try {
    fs.writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    // A network file system may have done it, and have answered a repeated request.
    if (isExisting(error)) return readText(path) === content
    throw error
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}

function readText(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
