// no-kafka, which has stayed with the first versions of every API.
//
//   produce BOOTSTRAP          standard input has `topic<TAB>codec<TAB>key<TAB>value`; codec is none or gzip
//   consume BOOTSTRAP GROUP COUNT TOPIC...
//                              prints `topic<TAB>offset<TAB>key<TAB>value` of so many messages

import { createInterface } from 'node:readline'
import kafka from 'no-kafka'

const CODECS = ['none', 'gzip']
const logger = { logLevel: 0 }
const [command, connectionString, ...rest] = process.argv.slice(2)

async function produce() {
  const producer = new kafka.Producer({ connectionString, logger })
  await producer.init()
  const sets = new Map()
  for await (const line of createInterface({ input: process.stdin })) {
    const [topic, codec, key, value] = line.split('\t')
    const set = sets.get(codec) ?? []
    set.push({ topic, partition: 0, message: { key, value } })
    sets.set(codec, set)
  }
  for (const [codec, messages] of sets) {
    const results = await producer.send(messages, { codec: CODECS.indexOf(codec) })
    for (const { error } of results) if (error) throw error
  }
  await producer.end()
}

async function consume([groupId, count, ...topics]) {
  const options = { connectionString, logger, groupId, startingOffset: kafka.EARLIEST_OFFSET }
  const consumer = new kafka.GroupConsumer({ ...options, idleTimeout: 100, maxWaitTime: 100 })
  let left = Number(count)
  await new Promise((resolve, reject) => {
    const handler = (messages, topic, partition) => {
      for (const { offset, message } of messages) {
        if (left > 0) console.log([topic, offset, message.key, message.value].join('\t'))
        if (--left === 0) resolve()
      }
      return consumer.commitOffset({ topic, partition, offset: messages.at(-1).offset })
    }
    consumer.init([{ subscriptions: topics, handler }]).catch(reject)
  })
  await consumer.end()
}

await (command === 'produce' ? produce() : consume(rest))
// What is printed may still be on its way.
process.stdout.write('', () => process.exit(0))
