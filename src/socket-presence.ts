/**
 * A listening socket in the data folder: it answers for as long as its process lives, however that ends, and nothing listens
 * there afterwards. Such sockets are found by the file and not by its network, so that containers that share a folder see
 * each other's.
 */

import { closeSync, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import type { Presence } from './storage/file/presence.ts'

/** Longest path that a socket's address takes on every system. */
const LONGEST_ADDRESS = 103

export const socketPresence: Presence = {
  async show(path) {
    const address = addressOf(path)
    if (!address) return undefined
    const server = createServer((socket) => socket.destroy())
    const isListening = await new Promise<boolean>((resolve) => {
      server.on('error', () => resolve(false))
      // Exclusive: in a worker of node:cluster the primary would listen, and live on. Writable by all: to connect is to write.
      const options = { path: address.text, exclusive: true, writableAll: true }
      server.listen(options, () => resolve(true))
    })
    server.unref()
    if (isListening) return { close: () => server.close(address.release) }
    address.release()
    return undefined
  },

  async isThere(path) {
    const address = addressOf(path)
    if (!address) return undefined
    try {
      return await answers(address.text)
    } finally {
      address.release()
    }
  },
}

function answers(address: string): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Its queue is full: it is there, and does not come to answer.
      if (error.code === 'EAGAIN') resolve(true)
      else resolve(error.code === 'ECONNREFUSED' ? false : undefined)
    })
  })
}

/** A path that is too long for a socket is shortened by way of its open folder, where the system can. */
function addressOf(path: string): { text: string; release: () => void } | undefined {
  if (process.platform === 'win32') return undefined
  if (Buffer.byteLength(path) <= LONGEST_ADDRESS) return { text: path, release: () => {} }
  if (process.platform !== 'linux') return undefined
  const folder = openSync(dirname(path), 'r')
  return {
    text: `/proc/self/fd/${folder}/${basename(path)}`,
    release: () => closeSync(folder),
  }
}
