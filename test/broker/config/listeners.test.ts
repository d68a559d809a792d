import { describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import {
  advertisedListenersOf,
  listenersAt,
  listenersOf,
} from '../../../src/broker/config/listeners.ts'

describe('listenersOf', () => {
  const of = (listeners: string, map?: string) =>
    listenersOf(
      BrokerConfig.of({
        listeners,
        ...(map === undefined ? {} : { 'listener.security.protocol.map': map }),
      }),
    )

  test('reads host and port', () => {
    expect(of('PLAINTEXT://:9092')).toEqual([{ name: 'PLAINTEXT', host: null, port: 9092 }])
    expect(of('PLAINTEXT://localhost:0')).toEqual([
      { name: 'PLAINTEXT', host: 'localhost', port: 0 },
    ])
    expect(of('plaintext://[::1]:9092')).toEqual([{ name: 'PLAINTEXT', host: '::1', port: 9092 }])
  })

  test('leaves the controller out', () => {
    expect(of('PLAINTEXT://:9092,CONTROLLER://:9093')).toHaveLength(1)
    expect(() => of('CONTROLLER://:9093')).toThrow('no listener for clients')
  })

  test('knows names by the protocol map', () => {
    expect(of('INSIDE://:1,OUTSIDE://:2', 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT')).toHaveLength(2)
    expect(() => of('INSIDE://:1')).toThrow('No security protocol defined for listener INSIDE')
    expect(() => of('INSIDE://:1', 'INSIDE:MAGIC')).toThrow('has the security protocol MAGIC')
  })

  test('refuses what is not served', () => {
    expect(() => of('SSL://:9093')).toThrow('wants SSL, which is not served yet')
  })

  test.each(['localhost:9092', 'PLAINTEXT://:70000', 'PLAINTEXT://', 'PLAINTEXT://a:b:1'])(
    'refuses %s',
    (text) => {
      expect(() => of(text)).toThrow(`Invalid value ${text} for configuration listeners`)
    },
  )

  test('refuses two of one name or one port', () => {
    expect(() => of('PLAINTEXT://:1,PLAINTEXT://:2')).toThrow('different name')
    expect(() => of('A://:1,B://:1', 'A:PLAINTEXT,B:PLAINTEXT')).toThrow('different port')
    expect(of('A://:0,B://:0', 'A:PLAINTEXT,B:PLAINTEXT')).toHaveLength(2)
  })
})

describe('advertisedListenersOf', () => {
  const of = (advertised: string) =>
    advertisedListenersOf(BrokerConfig.of({ 'advertised.listeners': advertised }))

  test('is empty when unset', () => {
    expect(advertisedListenersOf(new BrokerConfig())).toEqual([])
  })

  test('reads what clients are told, the controller left out', () => {
    expect(of('PLAINTEXT://kafka.example:19092,CONTROLLER://a:1')).toEqual([
      { name: 'PLAINTEXT', host: 'kafka.example', port: 19092 },
    ])
  })

  test('refuses a name that does not listen, and an address that nobody can reach', () => {
    expect(() => of('OUTSIDE://a:1')).toThrow('listeners has no listener of that name')
    expect(() => of('PLAINTEXT://0.0.0.0:9092')).toThrow('nonroutable meta-address 0.0.0.0')
    expect(() => of('PLAINTEXT://a:0')).toThrow('nobody can connect to port 0')
  })
})

describe('listenersAt', () => {
  const at = (host: string | undefined, port: number | undefined, listeners: string) =>
    listenersAt(BrokerConfig.of({ listeners }), { host, port })

  test('moves the one listener', () => {
    expect(at(undefined, 0, 'PLAINTEXT://a:9092')).toBe('PLAINTEXT://a:0')
    expect(at('::1', undefined, 'PLAINTEXT://:9092,CONTROLLER://:9093')).toBe(
      'PLAINTEXT://[::1]:9092',
    )
    expect(at(undefined, undefined, 'PLAINTEXT://:9092')).toBe('PLAINTEXT://:9092')
  })

  test('cannot choose between two', () => {
    const config = BrokerConfig.of({
      listeners: 'A://:1,B://:2',
      'listener.security.protocol.map': 'A:PLAINTEXT,B:PLAINTEXT',
    })
    expect(() => listenersAt(config, { port: 0 })).toThrow('listeners has 2')
  })
})
