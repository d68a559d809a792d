/**
 * Bytes out of a stream, into a buffer that is used again where Node allows it.
 *
 * Only the constructor of a socket takes a read buffer, and a server makes its sockets itself. So the same fields are set
 * afterwards. They are Node's own and may change: where they are not as expected, plain 'data' events do, at twice the cost.
 */

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ByteSink {
  /** Takes the first `length` bytes of `chunk`; when `lent`, they are overwritten after this has returned. */
  receive(chunk: Buffer, length: number, lent: boolean): void
  /** Where to read to next, if not to the common buffer. */
  place(): Buffer | undefined
  /** So many bytes were read to the place. */
  placed(bytes: number): void
}

interface UserBufferHandle {
  useUserBuffer(buffer: Buffer): void
}

interface ReadFields {
  buffer: symbol
  callback: symbol
  next: symbol
}

/** Begins to read. `common` is shared by all sockets: each is read and emptied in one synchronous callback. */
export function readFrom(stream: Duplex, sink: ByteSink, common: Buffer): void {
  const reused = stream instanceof Socket && useBuffer(stream, sink, common)
  if (!reused) stream.on('data', (chunk: Buffer) => sink.receive(chunk, chunk.length, false))
  // Listeners hand their sockets over paused.
  stream.resume()
}

function useBuffer(socket: Socket, sink: ByteSink, common: Buffer): boolean {
  const fields = fieldsOf(socket)
  const handle = handleOf(socket)
  if (!fields || !handle) return false
  const set = socket as unknown as Record<symbol, unknown>
  let current = common
  set[fields.buffer] = common
  set[fields.callback] = (bytes: number): boolean => {
    if (current === common) sink.receive(common, bytes, true)
    else sink.placed(bytes)
    return true
  }
  set[fields.next] = (): Buffer => {
    current = sink.place() ?? common
    return current
  }
  handle.useUserBuffer(common)
  return true
}

function fieldsOf(socket: Socket): ReadFields | undefined {
  const find = (description: string): symbol | undefined =>
    Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === description)
  const buffer = find('kBuffer')
  const callback = find('kBufferCb')
  const next = find('kBufferGen')
  return buffer && callback && next ? { buffer, callback, next } : undefined
}

/** TLS sockets are read in the plain way. */
function handleOf(socket: Socket): UserBufferHandle | undefined {
  if (socket.constructor !== Socket) return undefined
  const { _handle: handle } = socket as unknown as { _handle?: Partial<UserBufferHandle> | null }
  return typeof handle?.useUserBuffer === 'function' ? (handle as UserBufferHandle) : undefined
}
