/** Ports: which addresses are listened to, and what is said when one is taken. */

import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import {
  Listener,
  type ListenerOptions,
  PortInUseError,
} from '../../../src/broker/network/listener.ts'

const listeners: Listener[] = []
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1')

async function open(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await Listener.open(
    { name: 'PLAINTEXT', host: '127.0.0.1', port: 0, ...options },
    (socket, name) => socket.end(`${name} on ${socket.localPort}`),
  )
  listeners.push(listener)
  return listener
}

/** What the listener says, or the error code. */
function greeting(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host, port })
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('end', () => resolve(text))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})

describe('Listener', () => {
  it('says which free port it has', async () => {
    const { port } = await open()
    expect(port).toBeGreaterThan(0)
    expect(await greeting('127.0.0.1', port)).toBe(`PLAINTEXT on ${port}`)
  })

  it('tells a port that is taken from other trouble', async () => {
    const { port } = await open()
    const error = await open({ port }).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(PortInUseError)
    expect(error).toMatchObject({ port, message: `Port ${port} of 127.0.0.1 is in use.` })
    await expect(open({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  it('listens to every address when none is named', async () => {
    const { port } = await open({ host: null })
    expect(await greeting('127.0.0.1', port)).toContain('PLAINTEXT')
    if (hasIpv6) expect(await greeting('::1', port)).toContain('PLAINTEXT')
  })

  it('listens to both addresses of localhost on one port', async () => {
    const { port } = await open({ host: 'localhost' })
    expect(await greeting('127.0.0.1', port)).toContain('PLAINTEXT')
    if (hasIpv6) expect(await greeting('::1', port)).toContain('PLAINTEXT')
  })

  it.runIf(hasIpv6)(
    'gives localhost up as a whole when one of its addresses is taken',
    async () => {
      const { port } = await open({ host: '::1' })
      await expect(open({ host: 'localhost', port })).rejects.toBeInstanceOf(PortInUseError)
      expect(await greeting('127.0.0.1', port)).toBe('ECONNREFUSED')
    },
  )

  it('has its port free for another when it is closed, while connections live on', async () => {
    const { port } = await open()
    const socket = connect({ host: '127.0.0.1', port })
    await new Promise((resolve) => socket.on('connect', resolve))
    await listeners.pop()!.close()
    expect((await open({ port, name: 'NEXT' })).port).toBe(port)
    expect(await greeting('127.0.0.1', port)).toContain('NEXT')
    socket.destroy()
  })
})
