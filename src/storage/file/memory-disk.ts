/**
 * A disk in memory that can crash in two ways: `kill` keeps what was written, `powerCut` only what was synced and, of the
 * rest, what chance leaves. Asynchronous verbs complete through the injected clock. Failures can be put in its way.
 */

import type { Clock } from '../../clock.ts'
import type { Random } from '../../random.ts'
import { type Disk, type DiskEntry, type DiskFile, type DiskLock, FolderHeld } from './disk.ts'
import { Extents } from './extents.ts'

export type DiskVerb =
  | 'open'
  | 'read'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'makeDirectory'

/** Returns the error code that the verb is to fail with, or `undefined` to let it pass. */
export type Fault = (verb: DiskVerb, path: string) => string | undefined

class Node {
  readonly content = new Extents()
  /** What an unsynced change has overwritten or cut off, oldest first; bytes behind `syncedSize` are not kept. */
  undo: { position: number; bytes: Buffer }[] = []
  syncedSize = 0
  modifiedAt = 0

  remember(position: number, length: number): void {
    const end = Math.min(position + length, this.syncedSize)
    if (position >= end) return
    const bytes = Buffer.allocUnsafe(end - position)
    this.content.read(bytes, position)
    this.undo.push({ position, bytes })
  }

  synced(size: number): void {
    this.syncedSize = size
    this.undo = []
  }

  /** Takes back what was not synced; of what was appended, the first `keep` bytes stay. */
  rollBack(keep: number): void {
    this.content.truncate(Math.max(this.syncedSize, Math.min(keep, this.content.size)))
    for (const { position, bytes } of this.undo.reverse()) this.content.write(bytes, position)
    this.synced(this.content.size)
  }
}

/** A folder: what it holds, and what of that a power cut leaves. */
interface Folder {
  entries: Map<string, Node | Folder>
  durable: Map<string, Node | Folder>
  /** Within the folder, since its last sync: each lasts whole or not at all, as file systems with a journal have it. */
  renames: { from: string; to: string; entry: Node | Folder }[]
}

const emptyFolder = (): Folder => ({ entries: new Map(), durable: new Map(), renames: [] })

class MemoryFile implements DiskFile {
  readonly path: string
  private readonly node: Node
  private readonly disk: MemoryDisk

  constructor(path: string, node: Node, disk: MemoryDisk) {
    this.path = path
    this.node = node
    this.disk = disk
  }

  size(): number {
    return this.node.content.size
  }

  writeSync(buffers: readonly Buffer[], position: number): void {
    const failure = this.disk.failureOf('write', this.path)
    // The file is the survivor's by now.
    if (failure && this.disk.isDead) throw failure
    let at = position
    for (const buffer of buffers) {
      // A failing write leaves a part behind, as a full disk does.
      const part = failure ? buffer.subarray(0, buffer.length >> 1) : buffer
      this.node.remember(at, part.length)
      this.node.content.write(part, at)
      this.node.modifiedAt = this.disk.now()
      if (failure) throw failure
      at += buffer.length
    }
  }

  async write(buffers: readonly Buffer[], position: number): Promise<void> {
    await this.disk.turn()
    this.writeSync(buffers, position)
  }

  readSync(target: Buffer, position: number): number {
    const failure = this.disk.failureOf('read', this.path)
    if (failure) throw failure
    return this.node.content.read(target, position)
  }

  async read(target: Buffer, position: number): Promise<number> {
    await this.disk.turn()
    return this.readSync(target, position)
  }

  truncate(size: number): void {
    const failure = this.disk.failureOf('truncate', this.path)
    if (failure) throw failure
    this.node.remember(size, this.node.content.size - size)
    this.node.content.truncate(size)
  }

  async sync(): Promise<void> {
    const { size } = this.node.content
    await this.disk.syncTurn()
    const failure = this.disk.failureOf('sync', this.path)
    if (failure) throw failure
    this.node.synced(Math.min(size, this.node.content.size))
  }

  close(): void {}
}

export interface MemoryDiskOptions {
  clock: Clock
  /** How long a sync takes. */
  syncMs?: number
}

export class MemoryDisk implements Disk {
  /** How often a file or folder was synced. */
  syncs = 0
  fault: Fault | undefined
  /** After a crash nothing can be done with this disk; what survived is in the one that the crash gave. */
  isDead = false
  private readonly options: MemoryDiskOptions
  private readonly root: Folder
  private readonly locks = new Set<string>()

  constructor(options: MemoryDiskOptions, root = emptyFolder()) {
    this.options = options
    this.root = root
  }

  /** The process is gone, and with it what was in progress; gives the disk as the next one finds it. */
  kill(): MemoryDisk {
    this.isDead = true
    return new MemoryDisk(this.options, this.root)
  }

  /** The machine is gone: of what was not synced, names and the ends of files, chance keeps a part. */
  powerCut(random: Random): MemoryDisk {
    this.isDead = true
    return new MemoryDisk(this.options, survivors(this.root, random))
  }

  now(): number {
    return this.options.clock.now()
  }

  /** Resolves as asynchronous calls do. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.options.clock.soon(resolve))
  }

  syncTurn(): Promise<void> {
    this.syncs++
    const { syncMs = 0, clock } = this.options
    if (syncMs === 0) return this.turn()
    return new Promise((resolve) => clock.after(syncMs, resolve))
  }

  failureOf(verb: DiskVerb, path: string): Error | undefined {
    const code = this.isDead ? 'EIO' : this.fault?.(verb, path)
    return code === undefined ? undefined : diskError(code, path)
  }

  open(path: string, options?: { create?: boolean }): DiskFile {
    this.check('open', path)
    const { folder, name } = this.place(path)
    let node = folder.entries.get(name)
    if (!node && options?.create) {
      node = new Node()
      folder.entries.set(name, node)
    }
    if (!(node instanceof Node)) throw diskError(node ? 'EISDIR' : 'ENOENT', path)
    return new MemoryFile(path, node, this)
  }

  readFile(path: string): Buffer | undefined {
    this.check('read', path)
    const node = this.find(path)
    if (!(node instanceof Node)) return undefined
    const bytes = Buffer.alloc(node.content.size)
    node.content.read(bytes, 0)
    return bytes
  }

  writeFile(path: string, bytes: Buffer): void {
    const file = this.open(path, { create: true })
    file.truncate(0)
    file.writeSync([bytes], 0)
  }

  async replaceFile(path: string, bytes: Buffer): Promise<void> {
    const temporary = `${path}.tmp`
    this.writeFile(temporary, bytes)
    await this.open(temporary).sync()
    this.rename(temporary, path)
    await this.syncDirectory(path.slice(0, path.lastIndexOf('/')))
  }

  list(path: string): DiskEntry[] | undefined {
    const folder = this.find(path)
    if (!folder || folder instanceof Node) return undefined
    return [...folder.entries].map(([name, entry]) => ({
      name,
      isDirectory: !(entry instanceof Node),
    }))
  }

  fileSize(path: string): number {
    const node = this.find(path)
    if (!(node instanceof Node)) throw diskError('ENOENT', path)
    return node.content.size
  }

  modifiedAt(path: string): number {
    const node = this.find(path)
    if (!(node instanceof Node)) throw diskError('ENOENT', path)
    return node.modifiedAt
  }

  async space(): Promise<{ totalBytes: number; usableBytes: number }> {
    return { totalBytes: -1, usableBytes: -1 }
  }

  makeDirectory(path: string): void {
    this.check('makeDirectory', path)
    let folder = this.root
    for (const name of namesOf(path)) {
      let next = folder.entries.get(name)
      if (!next) {
        next = emptyFolder()
        folder.entries.set(name, next)
      }
      if (next instanceof Node) throw diskError('ENOTDIR', path)
      folder = next
    }
  }

  rename(from: string, to: string): void {
    this.check('rename', from)
    const source = this.place(from)
    const entry = source.folder.entries.get(source.name)
    if (!entry) throw diskError('ENOENT', from)
    const target = this.place(to)
    source.folder.entries.delete(source.name)
    target.folder.entries.set(target.name, entry)
    if (source.folder === target.folder) {
      source.folder.renames.push({ from: source.name, to: target.name, entry })
    }
  }

  remove(path: string): void {
    this.check('remove', path)
    const { folder, name } = this.place(path)
    folder.entries.delete(name)
  }

  async removeDirectory(path: string): Promise<void> {
    await this.turn()
    this.remove(path)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.syncTurn()
    this.check('sync', path)
    const folder = this.find(path)
    if (!folder || folder instanceof Node) return
    folder.durable = new Map(folder.entries)
    folder.renames = []
  }

  async lock(directory: string): Promise<DiskLock> {
    await this.turn()
    if (this.locks.has(directory)) {
      throw new FolderHeld(`${directory} is in use by another broker of this process.`)
    }
    this.locks.add(directory)
    const isHeld = (): boolean => this.locks.has(directory)
    return { isHeld, release: () => void this.locks.delete(directory) }
  }

  private check(verb: DiskVerb, path: string): void {
    const failure = this.failureOf(verb, path)
    if (failure) throw failure
  }

  private find(path: string): Node | Folder | undefined {
    let entry: Node | Folder | undefined = this.root
    for (const name of namesOf(path)) {
      if (!entry || entry instanceof Node) return undefined
      entry = entry.entries.get(name)
    }
    return entry
  }

  private place(path: string): { folder: Folder; name: string } {
    const end = path.lastIndexOf('/')
    const folder = this.find(path.slice(0, end))
    if (!folder || folder instanceof Node) throw diskError('ENOENT', path)
    return { folder, name: path.slice(end + 1) }
  }
}

/** What a power cut leaves: synced names surely, others by chance; each file keeps what was synced and some of what came behind. */
function survivors(folder: Folder, random: Random): Folder {
  const kept = new Map(folder.durable)
  const renamed = new Set<string>()
  for (const { from, to, entry } of folder.renames) {
    renamed.add(to)
    if (random.below(2) === 0) {
      // The name stays as it was, and so does what it led to.
      renamed.add(from)
      continue
    }
    if (kept.get(from) === entry) kept.delete(from)
    kept.set(to, entry)
  }
  for (const [name, entry] of folder.entries) {
    if (kept.get(name) === entry || renamed.has(name)) continue
    if (random.below(2) === 0) kept.set(name, entry)
  }
  for (const name of kept.keys()) {
    if (folder.entries.has(name) || renamed.has(name)) continue
    if (random.below(2) === 0) kept.delete(name)
  }
  const entries = new Map<string, Node | Folder>()
  for (const [name, entry] of kept) {
    if (entry instanceof Node) {
      const { size } = entry.content
      entry.rollBack([0, random.below(size + 1), size][random.below(3)]!)
      entries.set(name, entry)
    } else {
      entries.set(name, survivors(entry, random))
    }
  }
  return { entries, durable: new Map(entries), renames: [] }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '')
}

function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
