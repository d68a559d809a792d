/** kafkajs with a test's patience, and what every scenario does with it. */

import { type Consumer, type EachMessagePayload, Kafka, type KafkaConfig, logLevel } from 'kafkajs'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'

export function kafkajs(bootstrap: string, overrides: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId: 'compat',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5000,
    retry: { initialRetryTime: 50, retries: 12 },
    ...overrides,
  })
}

export interface Seen {
  topic: string
  partition: number
  offset: string
  key: string | null
  value: string | null
  headers: Record<string, string>
}

export function seen({ topic, partition, message }: EachMessagePayload): Seen {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers ?? {})) headers[name] = String(value)
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key?.toString() ?? null,
    value: message.value?.toString() ?? null,
    headers,
  }
}

/** Resolves once `ready` holds; rejects with `what` when it does not within `timeoutMs`. */
export async function until(
  what: string,
  ready: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await ready())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Resolves when a consumer that is about to run has joined its group, with its assignment. */
export function joined(consumer: Consumer): Promise<Record<string, number[]>> {
  return new Promise((resolve) => {
    const remove = consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      remove()
      resolve(payload.memberAssignment)
    })
  })
}

/** Consumes topics from their start in a group until `count` messages were seen, then leaves. */
export async function consume(
  kafka: Kafka,
  groupId: string,
  topics: string[],
  count: number,
): Promise<Seen[]> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
  const messages: Seen[] = []
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({ eachMessage: async (payload) => void messages.push(seen(payload)) })
  try {
    await until(`${count} messages of ${topics.join()}`, () => messages.length >= count)
  } finally {
    await consumer.disconnect()
  }
  return messages
}
