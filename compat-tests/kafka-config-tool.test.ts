/** Kafka's config tool against the broker. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { JavaDriver } from './harness/java-driver.ts'
import { hasOracles } from './harness/programs.ts'

describe.skipIf(!hasOracles())("Kafka's config tool", () => {
  let broker: BrokerProcess
  let java: JavaDriver

  beforeAll(async () => {
    broker = await BrokerProcess.start({ engine: 'file' })
    java = await JavaDriver.start(broker.bootstrap)
  })
  afterAll(async () => {
    java?.stop()
    await broker?.dispose()
  })

  async function tool(args: string[]): Promise<string> {
    const address = ['--bootstrap-server', broker.bootstrap]
    const outcome = await java.tool('kafka.admin.ConfigCommand', [...address, ...args])
    expect(outcome.code, `${args.join(' ')}\n${outcome.stdout}\n${outcome.stderr}`).toBe(0)
    return outcome.stdout
  }

  it('alters and describes what has configs', async () => {
    await java.do('createTopic', { topic: 'configured', partitions: 1 })
    const alter = (entity: string[], change: string[]) => tool(['--alter', ...entity, ...change])
    const describe = (entity: string[], ...more: string[]) =>
      tool(['--describe', ...entity, ...more])

    const topic = ['--entity-type', 'topics', '--entity-name', 'configured']
    const values = 'retention.ms=60000,cleanup.policy=[compact,delete]'
    expect(await alter(topic, ['--add-config', values])).toContain(
      'Completed updating config for topic configured.',
    )
    const configured = await describe(topic)
    expect(configured).toContain('Dynamic configs for topic configured are:')
    expect(configured).toMatch(/retention\.ms=60000 .*DYNAMIC_TOPIC_CONFIG:retention\.ms=60000/)
    expect(configured).toMatch(/cleanup\.policy=compact,delete .*DEFAULT_CONFIG:log\.cleanup/)
    await alter(topic, ['--delete-config', 'retention.ms,cleanup.policy'])
    expect(await describe(topic)).not.toMatch(/=/)
    const all = await describe(topic, '--all')
    expect(all).toContain('All configs for topic configured are:')
    expect(all.match(/^ {2}[\w.]+=/gm)).toHaveLength(37)

    const broker1 = ['--entity-type', 'brokers', '--entity-name', '1']
    const everyBroker = ['--entity-type', 'brokers', '--entity-default']
    await alter(everyBroker, ['--add-config', 'log.cleaner.backoff.ms=13000'])
    await alter(broker1, ['--add-config', 'log.cleaner.backoff.ms=14000'])
    expect(await describe(broker1)).toMatch(
      /log\.cleaner\.backoff\.ms=14000 .*DYNAMIC_BROKER_CONFIG:log\.cleaner\.backoff\.ms=14000, DYNAMIC_DEFAULT_BROKER_CONFIG:log\.cleaner\.backoff\.ms=13000, DEFAULT_CONFIG:log\.cleaner\.backoff\.ms=15000/,
    )
    expect(await describe(everyBroker)).toMatch(/log\.cleaner\.backoff\.ms=13000 /)
    expect(await describe(broker1, '--all')).toMatch(/^ {2}num\.partitions=1 sensitive=false/m)
    await alter(broker1, ['--delete-config', 'log.cleaner.backoff.ms'])
    await alter(everyBroker, ['--delete-config', 'log.cleaner.backoff.ms'])
    expect(await describe(broker1)).not.toContain('log.cleaner.backoff.ms')

    const group = ['--entity-type', 'groups', '--entity-name', 'g']
    await alter(group, ['--add-config', 'consumer.session.timeout.ms=50000'])
    expect(await describe(group)).toMatch(/consumer\.session\.timeout\.ms=50000 .*GROUP_CONFIG/)
    const metrics = ['--entity-type', 'client-metrics', '--entity-name', 'm']
    await alter(metrics, ['--add-config', 'interval.ms=1000,metrics=org.apache.kafka.'])
    expect(await describe(metrics)).toMatch(/interval\.ms=1000 [^]*metrics=org\.apache\.kafka\. /)
    const loggers = ['--entity-type', 'broker-loggers', '--entity-name', '1']
    await alter(loggers, ['--add-config', 'root=WARN'])
    expect(await describe(loggers)).toMatch(/root=WARN /)
  })
})
