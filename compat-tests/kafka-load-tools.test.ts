/** Kafka's tools that make load and measure it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { JavaDriver } from './harness/java-driver.ts'
import { hasOracles } from './harness/programs.ts'

describe.skipIf(!hasOracles())("Kafka's load tools", () => {
  let broker: BrokerProcess
  let java: JavaDriver

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    java = await JavaDriver.start(broker.bootstrap)
    await java.do('createTopic', { topic: 'measured', partitions: 1 })
  })
  afterAll(async () => {
    java?.stop()
    await broker?.dispose()
  })

  async function tool(name: string, args: string[]): Promise<string> {
    const common = ['--bootstrap-server', broker.bootstrap, '--topic', 'measured']
    const outcome = await java.tool(`org.apache.kafka.tools.${name}`, [...common, ...args])
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0)
    return outcome.stdout
  }

  it('ProducerPerformance sends all it was told to', async () => {
    const size = ['--num-records', '500', '--record-size', '100', '--throughput', '-1']
    const printed = await tool('ProducerPerformance', size)
    expect(printed).toMatch(/^500 records sent, /)
    const end = await java.do('listOffsets', { topic: 'measured', partition: 0, at: 'latest' })
    expect(end).toMatchObject({ offset: 500 })
  })

  it('ConsumerPerformance reads all of it', async () => {
    const printed = await tool('ConsumerPerformance', ['--num-records', '500'])
    const [names, values] = printed.split('\n').map((line) => line.split(', '))
    expect(values![names!.indexOf('data.consumed.in.nMsg')]).toBe('500')
  })

  it('VerifiableConsumer tells what it was assigned, has read and has committed', async () => {
    const flags = ['--max-messages', '20', '--group-id', 'verifiers', '--reset-policy', 'earliest']
    const printed = await tool('VerifiableConsumer', flags)
    const said = printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { name: string; offsets?: unknown })
    expect(said.map(({ name }) => name)).toEqual([
      'startup_complete',
      'partitions_assigned',
      'records_consumed',
      'offsets_committed',
      'partitions_revoked',
      'shutdown_complete',
    ])
    expect(said[3]).toMatchObject({
      success: true,
      offsets: [{ topic: 'measured', partition: 0, offset: 20 }],
    })
  })

  it('EndToEndLatency measures records that it reads back', async () => {
    const flags = ['--num-records', '20', '--producer-acks', 'all', '--record-size', '10']
    expect(await tool('EndToEndLatency', flags)).toMatch(/Avg latency: [\d.]+ ms/)
  })
})
