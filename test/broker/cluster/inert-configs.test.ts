import { expect, test } from 'vitest'
import { silentLogger } from '../../../src/logger.ts'
import { openMemoryEngine } from '../../../src/storage/memory/memory-engine.ts'
import { ManualClock } from '../../../src/clock.ts'
import { seededRandom } from '../../../src/random.ts'
import { BrokerFixture } from '../fixture.ts'

test('the log is told of configs that a new topic has in vain, a few times in a while', async () => {
  const warnings: object[] = []
  const clock = new ManualClock()
  const engine = await openMemoryEngine({ clock, random: seededRandom(1) })
  const warn = (fields: object | string): void => void warnings.push(Object(fields) as object)
  const { cluster } = await new BrokerFixture({
    engine,
    clock,
    log: { ...silentLogger, warn },
  }).open()
  const make = (name: string, configs: Record<string, string>, validateOnly = false) =>
    cluster.createTopics(
      [
        {
          name,
          numPartitions: 1,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      { validateOnly },
    )
  await make('plain', { 'segment.bytes': '2000000' })
  await make('asked', { preallocate: 'true' }, true)
  expect(warnings).toEqual([])
  await make('told', { preallocate: 'true', 'cleanup.policy': 'delete' })
  expect(warnings).toEqual([{ topic: 'told', configs: 'preallocate' }])
  for (let i = 0; i < 20; i++) await make(`more-${i}`, { preallocate: 'true' })
  expect(warnings).toHaveLength(5)
  await cluster.internalTopic('__consumer_offsets')
  await engine.close()
})
