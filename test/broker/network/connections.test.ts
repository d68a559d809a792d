/** All connections of a broker: limits, idleness, and how they end when it stops. */

import { describe, expect, it } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { ConnectionLimits } from '../../../src/broker/config/connection-limits.ts'
import { Park, Ping, Put, settled, Take, Wire } from './wire.ts'

describe('limits', () => {
  it('refuses connections over max.connections, and takes more when others have closed', async () => {
    const wire = new Wire({ limits: { maxConnections: 2, maxOf: () => 100 } })
    const [first] = [wire.connect(), wire.connect()]
    expect(wire.connect().isOver).toBe(true)
    expect(wire.warnings[0]).toContain('max.connections')
    first.vanish()
    await settled()
    const later = wire.connect()
    later.send(Ping, { text: 'in' })
    await settled()
    expect(later.ids).toEqual([1])
  })

  it('counts connections of each address', () => {
    const wire = new Wire({ limits: { maxConnections: 100, maxOf: () => 1 } })
    const kept = wire.connect('10.0.0.1')
    expect(wire.connect('10.0.0.1').isOver).toBe(true)
    expect(wire.connect('10.0.0.2').isOver).toBe(false)
    expect(kept.isOver).toBe(false)
    expect(wire.connections.size).toBe(2)
  })
})

describe('limits that are altered while the broker runs', () => {
  const altered = (values: Record<string, string>) => ({
    ofBroker: new Map(Object.entries(values)),
    ofCluster: new Map(),
  })

  it('hold for the next connection, and leave those that are there', () => {
    const config = BrokerConfig.of()
    const wire = new Wire({ limits: new ConnectionLimits(config) })
    const first = wire.connect('10.0.0.1')
    config.adopt(altered({ 'max.connections': '1' }))
    expect(wire.connect('10.0.0.2').isOver).toBe(true)
    config.adopt(altered({ 'max.connections.per.ip': '1' }))
    expect(wire.connect('10.0.0.1').isOver).toBe(true)
    expect(wire.connect('10.0.0.2').isOver).toBe(false)
    config.adopt(altered({}))
    expect(wire.connect('10.0.0.1').isOver).toBe(false)
    expect(first.isOver).toBe(false)
  })

  it('are others for the addresses that max.connections.per.ip.overrides names', () => {
    const config = BrokerConfig.of()
    const wire = new Wire({ limits: new ConnectionLimits(config) })
    const overrides = ' 10.0.0.1:1 , [fe80::1]:2, localhost:0'
    config.adopt(
      altered({ 'max.connections.per.ip': '0', 'max.connections.per.ip.overrides': overrides }),
    )
    const taken = ['10.0.0.1', '10.0.0.1', '10.0.0.2', 'fe80::1', 'fe80::1', '127.0.0.1', '::1']
    expect(taken.map((host) => !wire.connect(host).isOver)).toEqual([
      ...[true, false, false],
      ...[true, true, false, false],
    ])
  })
})

describe('idle connections', () => {
  it('end after connections.max.idle.ms, those that are used or wait for an answer do not', async () => {
    const wire = new Wire({ maxIdleMs: 10_000 })
    const [idle, used, parked, halfOpen] = [0, 1, 2, 3].map(() => wire.connect()) as [
      ReturnType<Wire['connect']>,
      ReturnType<Wire['connect']>,
      ReturnType<Wire['connect']>,
      ReturnType<Wire['connect']>,
    ]
    parked.send(Park, { tag: 1 })
    halfOpen.stream.write(Buffer.of(0, 0))
    await settled()
    for (let second = 0; second < 30; second++) {
      used.send(Ping, { text: 'still here' })
      await wire.clock.advance(1000)
      await settled(2)
    }
    expect([idle, used, parked, halfOpen].map(({ isOver }) => isOver)).toEqual([
      true,
      false,
      false,
      true,
    ])
  })

  it('are destroyed when the client has left a reply unread', async () => {
    const wire = new Wire({ maxIdleMs: 10_000 })
    const client = wire.connect()
    client.stream.pause()
    client.send(Take, { tag: 1_000_000 })
    await settled()
    await wire.clock.advance(12_000)
    await settled()
    expect(wire.connections.size).toBe(0)
    expect(wire.sent).toEqual([1_000_000])
  })

  it('live on without a limit', async () => {
    const wire = new Wire({ maxIdleMs: -1 })
    const client = wire.connect()
    await wire.clock.advance(10 ** 9)
    expect(client.isOver).toBe(false)
  })
})

describe('stop', () => {
  it('cancels what is in progress, sends its replies, starts nothing, and ends', async () => {
    const wire = new Wire()
    const [parked, producing, idle] = [wire.connect(), wire.connect(), wire.connect()]
    parked.send(Park, { tag: 1 })
    parked.send(Ping, { text: 'never' })
    producing.send(Put, { tag: 2 })
    producing.send(Put, { tag: 3 })
    await settled()
    const reasons: string[] = []
    for (const { context } of wire.calls) {
      context.cancellation.onCancel((reason) => reasons.push(reason))
    }
    let stopped = false
    const stop = wire.connections.stop(1000).then(() => {
      stopped = true
    })
    producing.send(Ping, { text: 'too late' })
    await settled()
    expect(reasons).toEqual(['stopping', 'stopping', 'stopping'])
    expect(idle.isOver).toBe(true)
    for (const tag of [1, 2, 3]) wire.answer(tag)
    await settled()
    expect(parked.ids).toEqual([1])
    expect(producing.ids).toEqual([1, 2])
    for (const client of [parked, producing, idle]) client.stream.end()
    await settled()
    await stop
    expect(stopped).toBe(true)
    expect(wire.connections.size).toBe(0)
    expect(wire.budget.used).toBe(0)
  })

  it('lasts no longer than its deadline', async () => {
    const wire = new Wire()
    const stuck = wire.connect()
    stuck.send(Park, { tag: 1 })
    const deaf = wire.connect()
    deaf.stream.pause()
    deaf.send(Take, { tag: 1_000_000 })
    await settled()
    const stop = wire.connections.stop(1000)
    await wire.clock.advance(999)
    expect(wire.connections.size).toBe(2)
    await wire.clock.advance(1)
    await stop
    expect(wire.connections.size).toBe(0)
  })

  it('does not wait long for clients that never close their side', async () => {
    const wire = new Wire()
    wire.connect()
    const stop = wire.connections.stop(10_000)
    await settled()
    await wire.clock.advance(600)
    await stop
    expect(wire.connections.size).toBe(0)
  })

  it('refuses whoever still comes', async () => {
    const wire = new Wire()
    await wire.connections.stop(1000)
    expect(wire.connect().isOver).toBe(true)
  })
})
