import type { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listenToSignals, type Signals } from '../../src/cli/signals.ts'

describe('a signal', () => {
  let signals: Signals
  beforeEach(() => {
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`)
    })
    signals = listenToSignals()
  })
  afterEach(() => {
    signals.forget()
    vi.restoreAllMocks()
  })

  const interrupt = (): boolean => (process as EventEmitter).emit('SIGINT', 'SIGINT', 2)
  const terminate = (): boolean => (process as EventEmitter).emit('SIGTERM', 'SIGTERM', 15)

  test('ends the process while nobody asks: the broker is starting', () => {
    expect(interrupt).toThrow('exit 130')
    expect(terminate).toThrow('exit 143')
  })

  test('asks to stop, and the second does not wait for that', async () => {
    const asked = signals.ask()
    terminate()
    await asked
    expect(interrupt).toThrow('exit 130')
  })

  test('is not listened to any more once it is forgotten', () => {
    const before = process.listenerCount('SIGTERM')
    signals.forget()
    expect(process.listenerCount('SIGTERM')).toBe(before - 1)
  })
})
