import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BrokerConfig } from '../../src/broker/config/broker-config.ts'
import { UsageError } from '../../src/cli/flags.ts'
import { readStartOptions } from '../../src/cli/start-options.ts'

const read = (...args: string[]) => readStartOptions(args, {})

describe('readStartOptions', () => {
  test('has defaults for everything', () => {
    expect(read()).toEqual({
      profile: 'dev',
      topics: {},
      layers: [
        { kind: 'environment', origin: 'the environment', values: {}, origins: {} },
        { kind: 'option', origin: '-o', values: {} },
      ],
      logLevel: 'info',
      help: false,
      version: false,
      warnings: [],
    })
  })

  test('reads every flag', () => {
    const flags = '--profile prod -p 0 --host ::1 -d data -t a:3 --topic b:1 -t c --log-level warn'
    expect(read(...flags.split(' '))).toMatchObject({
      profile: 'prod',
      port: 0,
      host: '::1',
      store: { folder: 'data' },
      topics: { a: 3, b: 1, c: -1 },
      logLevel: 'warn',
    })
    expect(read('--memory')).toMatchObject({ store: 'memory' })
  })

  test.each([
    [['--prot', '1'], 'Unknown flag --prot. Did you mean --port?'],
    [['--zebra'], 'Unknown flag --zebra. Try odradek --help.'],
    [['-x'], 'Unknown flag -x. Try odradek --help.'],
    [['--port'], '--port needs a value.'],
    [['--data', '--memory'], '--data needs a value.'],
    [['--memory=yes'], '--memory takes no value.'],
    [['--port', 'http'], "--port is a number from 0 to 65535, not 'http'."],
    [['--port', '70000'], "--port is a number from 0 to 65535, not '70000'."],
    [['--profile', 'prd'], "--profile is one of dev, test, prod, not 'prd'. Did you mean prod?"],
    [['--topic', 'a:b'], "--topic is written name:partitions, like orders:3, not 'a:b'."],
    [['--topic', 'a:0'], "--topic is written name:partitions, like orders:3, not 'a:0'."],
    [
      ['-o', 'num.partitions'],
      "-o is written key=value, like num.partitions=3, not 'num.partitions'.",
    ],
    [['--memory', '--data', 'x'], '--memory and --data exclude each other.'],
    [['here'], "odradek start takes no word such as 'here': see odradek --help."],
    [['--config', '/no/such'], '--config /no/such cannot be read: there is no such file.'],
    [['--data', ''], '--data needs the name of a folder.'],
    [['--host', ''], '--host needs an address.'],
    [['-t', 'a:1', '-t', 'a:2'], '--topic a is there twice.'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => read(...args)).toThrow(new UsageError(message))
  })

  test('takes a value with equals signs and commas as it is', () => {
    const { layers } = read('-o', 'listeners=A://:1,B://:2', '--option=broker.rack=a=b')
    expect(layers.at(-1)!.values).toEqual({
      listeners: 'A://:1,B://:2',
      'broker.rack': 'a=b',
    })
  })
})

describe('where a value comes from', () => {
  let folder: string
  let file: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'odradek-cli-'))
    file = join(folder, 'server.properties')
    writeFileSync(file, 'num.partitions=2\nbroker.rack=file\nlog.retention.hours=1\n')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('flags win over the environment, that over the file', () => {
    const env = { KAFKA_NUM_PARTITIONS: '3', KAFKA_BROKER_RACK: 'env', KAFKA_HEAP_OPTS: '-Xmx1g' }
    const { layers, warnings } = readStartOptions(['-c', file, '-o', 'num.partitions=4'], env)
    const config = new BrokerConfig(layers)
    expect(config.get('num.partitions')).toBe(4)
    expect(config.get('broker.rack')).toBe('env')
    expect(config.get('log.retention.hours')).toBe(1)
    expect(warnings).toEqual([])
  })

  test('the cluster id is from the environment', () => {
    const env = { CLUSTER_ID: '5L6g3nShT-eMCtK--X86sw' }
    expect(readStartOptions([], env).clusterId).toBe(env.CLUSTER_ID)
  })
})
