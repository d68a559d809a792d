import { describe, expect, test } from 'vitest'
import {
  advertisedEndpoint,
  readAdvertised,
} from '../../../src/broker/cluster/advertised-endpoint.ts'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { makeClient } from '../fixture.ts'

const read = (...addresses: string[]) =>
  readAdvertised(
    BrokerConfig.of({
      listeners: 'PLAINTEXT://:9092,INSIDE://:9093,OUTSIDE://:9094',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
      ...(addresses.length > 0 && { 'advertised.listeners': addresses }),
    }),
  )

describe('what a client is told', () => {
  const reached = { localHost: '10.0.0.7', localPort: 49152 }

  test('is the address by which it has reached us when nothing is advertised', () => {
    const client = makeClient(reached)
    expect(advertisedEndpoint(read(), client)).toEqual({
      host: '10.0.0.7',
      port: 49152,
    })
  })

  test.each(['0.0.0.0', '::', ''])('is never %j', (localHost) => {
    const client = makeClient({ localHost, localPort: 9092 })
    expect(advertisedEndpoint(read(), client)).toEqual({
      host: 'localhost',
      port: 9092,
    })
  })

  test("is what is advertised for the client's listener", () => {
    const advertised = read('PLAINTEXT://broker:9092', 'OUTSIDE://[2001:db8::1]:19092')
    const told = (listenerName: string) =>
      advertisedEndpoint(advertised, makeClient({ ...reached, listenerName }))
    expect(told('PLAINTEXT')).toEqual({ host: 'broker', port: 9092 })
    expect(told('outside')).toEqual({ host: '2001:db8::1', port: 19092 })
    expect(told('INSIDE')).toEqual({ host: '10.0.0.7', port: 49152 })
  })

  test('has the host that the client has used where only a port is advertised', () => {
    const advertised = read('PLAINTEXT://:9092')
    expect(advertisedEndpoint(advertised, makeClient(reached))).toEqual({
      host: '10.0.0.7',
      port: 9092,
    })
  })
})

describe('advertised.listeners', () => {
  test.each(['broker:9092', 'PLAINTEXT://broker', 'PLAINTEXT://broker:0', 'PLAINTEXT://b:65536'])(
    'cannot be %s',
    (address) => {
      expect(() => read(address)).toThrow(address)
    },
  )

  test('cannot name a listener that is not there', () => {
    expect(() => read('ELSEWHERE://broker:9092')).toThrow('no listener of that name')
  })

  test.each(['0.0.0.0', '[::]'])('cannot send clients to %s', (host) => {
    expect(() => read(`PLAINTEXT://${host}:9092`)).toThrow('nonroutable meta-address')
  })
})
