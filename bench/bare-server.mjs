/**
 * The yardstick: what a server in Node can do at most with the same frames, since it does nothing else.
 *
 *   bare-server.mjs PORT produce FILE    receives frames, checksums them, writes them to FILE, sends a short reply to each
 *   bare-server.mjs PORT fetch BYTES     sends BYTES bytes from memory for each frame
 *   bare-server.mjs PORT echo            sends a short reply to each frame
 *
 * It reads into one reused buffer, makes no frame whole, and sends the replies of one read together.
 */

import { openSync, writeSync } from 'node:fs'
import net from 'node:net'
import { crc32c } from './checksum.mjs'

const READ_BUFFER_BYTES = 64 * 1024
const SHORT_REPLY_BYTES = 60
/** More replies than one read can ask for: no window of the generator is larger. */
const MOST_REPLIES = 1024

const [port, mode, argument] = process.argv.slice(2)
const file = mode === 'produce' ? openSync(argument, 'w') : undefined
const body = Buffer.alloc(mode === 'fetch' ? Number(argument) : SHORT_REPLY_BYTES, 'x')
const header = Buffer.alloc(4)
header.writeInt32BE(body.length)
/** Short replies in a row, so that those to one read need no more than one write. */
const shortReplies = Buffer.concat(
  Array.from({ length: MOST_REPLIES }, () => [header, body]).flat(),
)

function reply(socket, count) {
  if (mode !== 'fetch') {
    socket.write(shortReplies.subarray(0, count * (header.length + body.length)))
    return
  }
  for (let i = 0; i < count; i++) {
    socket.cork()
    socket.write(header)
    socket.write(body)
    socket.uncork()
  }
}

/** Counts the frames that end in each read, and checksums their bytes on the way. */
class FrameCounter {
  left = 0
  checksum = 0
  length = Buffer.alloc(4)
  lengthBytes = 0

  /** How many frames ended in these bytes. */
  take(bytes) {
    let ended = 0
    for (let at = 0; at < bytes.length; ) {
      if (this.left === 0) {
        at = this.takeLength(bytes, at)
        continue
      }
      const end = Math.min(bytes.length, at + this.left)
      if (file !== undefined) this.checksum = crc32c(bytes.subarray(at, end), this.checksum)
      this.left -= end - at
      at = end
      if (this.left > 0) break
      this.checksum = 0
      ended++
    }
    if (file !== undefined) writeSync(file, bytes)
    return ended
  }

  takeLength(bytes, at) {
    if (this.lengthBytes === 0 && at + 4 <= bytes.length) {
      this.left = bytes.readInt32BE(at)
      return at + 4
    }
    this.length[this.lengthBytes++] = bytes[at]
    if (this.lengthBytes === 4) {
      this.lengthBytes = 0
      this.left = this.length.readInt32BE(0)
    }
    return at + 1
  }
}

/** The same connection on a socket that reads into a buffer of ours, where this Node lets us; else as it is. */
function withReusedBuffer(accepted, take) {
  const handle = accepted._handle
  if (!handle) return accepted.on('data', take).resume()
  accepted._handle = null
  const buffer = Buffer.alloc(READ_BUFFER_BYTES)
  const callback = (length) => {
    take(buffer.subarray(0, length))
    return true
  }
  return new net.Socket({
    handle,
    readable: true,
    writable: true,
    onread: { buffer, callback },
  }).resume()
}

const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
  const counter = new FrameCounter()
  const socket = withReusedBuffer(accepted, (bytes) => {
    const ended = counter.take(bytes)
    if (ended > 0) reply(socket, ended)
  })
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
})
server.listen(Number(port), '127.0.0.1')
