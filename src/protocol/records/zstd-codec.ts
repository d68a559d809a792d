/** What opens and closes zstd frames: Node's own zlib where it can (from 22.15 on), otherwise WebAssembly. */

import zlib from 'node:zlib'
import { besideMain, bytesOf, forget, required } from './package-loader.ts'

export interface ZstdCodec {
  compress(bytes: Buffer, level: number): Buffer
  /** The content of one whole frame; undefined where it has more than `limit` bytes. Throws where the frame is damaged. */
  uncompress(frame: Buffer, limit: number): Buffer | undefined
}

/** What Node 20 and its types do not have. */
interface ZstdOfNode {
  zstdCompressSync(bytes: Buffer, options: { params: Record<number, number> }): Buffer
  zstdDecompressSync(bytes: Buffer, options: { maxOutputLength: number }): Buffer
  constants: { ZSTD_c_compressionLevel: number }
}

/** As much of it as is used here: the types of Node 20 do not have it. */
declare const WebAssembly: {
  Module: new (code: Buffer) => object
  Instance: new (code: object, imports: object) => object
}

/** Emscripten's module: pointers into its memory, and sizes that are negative errors where something failed. */
interface ZstdModule {
  HEAPU8: Uint8Array
  instantiateWasm?: (imports: object, receive: (instance: object) => unknown) => unknown
  init(): void
  _malloc(size: number): number
  _free(pointer: number): void
  _ZSTD_compressBound(size: number): number
  _ZSTD_compress(to: number, room: number, from: number, size: number, level: number): number
  _ZSTD_decompress(to: number, room: number, from: number, size: number): number
}

const PACKAGE = '@bokuweb/zstd-wasm'
const NO_ROOM = -70
/** WebAssembly gives no memory back: an instance that had more than this to do with is given up after use. */
const KEPT_MEMORY_BYTES = 8 * 1024 * 1024

let compiled: object | undefined
let instance: ZstdModule | undefined

export function zstdCodec(): ZstdCodec {
  return coreZstd() ?? wasmZstd
}

export function coreZstd(): ZstdCodec | null {
  const core = zlib as unknown as Partial<ZstdOfNode>
  const { zstdCompressSync, zstdDecompressSync, constants } = core
  if (!zstdCompressSync || !zstdDecompressSync || !constants) return null
  return {
    compress(bytes, level) {
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } })
    },
    uncompress(frame, limit) {
      try {
        // Node refuses a limit of nothing.
        const content = zstdDecompressSync(frame, { maxOutputLength: Math.max(limit, 1) })
        return content.length > limit ? undefined : content
      } catch (error) {
        if (error instanceof RangeError) return undefined
        throw error
      }
    },
  }
}

export const wasmZstd: ZstdCodec = {
  compress(bytes, level) {
    const room = wasm()._ZSTD_compressBound(bytes.length)
    const compressed = convert(bytes, room, (zstd, to, from) =>
      zstd._ZSTD_compress(to, room, from, bytes.length, level),
    )
    if (typeof compressed === 'number') throw new Error(`zstd ended with ${compressed}.`)
    return compressed
  },
  uncompress(frame, limit) {
    const content = convert(frame, limit, (zstd, to, from) =>
      zstd._ZSTD_decompress(to, limit, from, frame.length),
    )
    if (content === NO_ROOM) return undefined
    if (typeof content === 'number') throw new Error(`zstd ended with ${content}.`)
    return content
  },
}

/** Gives WebAssembly these bytes and room for others, and returns what it wrote or its error. */
function convert(
  bytes: Buffer,
  room: number,
  work: (zstd: ZstdModule, to: number, from: number) => number,
): Buffer | number {
  const zstd = wasm()
  const from = zstd._malloc(bytes.length)
  const to = zstd._malloc(Math.max(room, 1))
  try {
    if (from === 0 || to === 0) throw new Error('zstd has no memory.')
    zstd.HEAPU8.set(bytes, from)
    const written = work(zstd, to, from)
    return written < 0 ? written : Buffer.from(zstd.HEAPU8.subarray(to, to + written))
  } finally {
    zstd._free(to)
    zstd._free(from)
    if (bytes.length + room > KEPT_MEMORY_BYTES) giveUp()
  }
}

/** The package would load itself asynchronously, which a check that answers at once has no time for. */
function wasm(): ZstdModule {
  if (instance) return instance
  compiled ??= new WebAssembly.Module(bytesOf(besideMain(PACKAGE, './zstd.wasm')))
  const code = compiled
  const { Module } = required<{ Module: ZstdModule }>(besideMain(PACKAGE, './zstd.js'))
  Module.instantiateWasm = (imports, receive) => receive(new WebAssembly.Instance(code, imports))
  Module.init()
  instance = Module
  return Module
}

function giveUp(): void {
  instance = undefined
  forget(besideMain(PACKAGE, './zstd.js'))
}
