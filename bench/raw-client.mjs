/** A connection for rows that look at single requests: raw frames go out, and each reply comes back as a promise, in their order. */

import net from 'node:net'

export class RawClient {
  waiting = []
  chunks = []
  held = 0

  static connect(port) {
    const client = new RawClient()
    client.socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    client.socket.on('data', (bytes) => client.take(bytes))
    client.socket.on('close', () => client.end(new Error('The server closed the connection.')))
    return new Promise((resolve, reject) => {
      client.socket.on('connect', () => resolve(client)).on('error', reject)
    })
  }

  /** Resolves with the reply, from behind its length on. */
  request(frame) {
    this.socket.write(frame)
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  close() {
    this.waiting = []
    this.socket.destroy()
  }

  take(bytes) {
    this.chunks.push(bytes)
    this.held += bytes.length
    while (this.held >= 4) {
      if (this.chunks[0].length < 4) this.join()
      const length = this.chunks[0].readInt32BE(0)
      if (this.held < 4 + length) return
      if (this.chunks[0].length < 4 + length) this.join()
      const all = this.chunks[0]
      this.held -= 4 + length
      this.chunks[0] = all.subarray(4 + length)
      this.waiting.shift()?.resolve(all.subarray(4, 4 + length))
    }
  }

  join() {
    this.chunks = [Buffer.concat(this.chunks)]
  }

  end(error) {
    for (const { reject } of this.waiting.splice(0)) reject(error)
  }
}

/** Sends the frames with `window` of them under way, and has each reply checked. */
export async function sendAll(client, count, frameOf, check, window = 64) {
  let next = 0
  const work = async () => {
    while (next < count) {
      const i = next++
      check(await client.request(frameOf(i)), i)
    }
  }
  await Promise.all(Array.from({ length: window }, work))
}
