// kafka-node, which knows messages of magic 0 and 1 alone.
//
//   produce BOOTSTRAP          standard input has `topic<TAB>codec<TAB>key<TAB>value`; codec is none or gzip
//   consume BOOTSTRAP GROUP COUNT TOPIC...
//                              prints `topic<TAB>offset<TAB>key<TAB>value` of so many messages

import { createInterface } from 'node:readline'
import kafka from 'kafka-node'

const CODECS = ['none', 'gzip']
const [command, kafkaHost, ...rest] = process.argv.slice(2)

/** Calls a function that takes a callback. */
const call = (start) =>
  new Promise((resolve, reject) =>
    start((error, result) => (error ? reject(error) : resolve(result))),
  )

async function produce() {
  const client = new kafka.KafkaClient({ kafkaHost, connectTimeout: 5000 })
  const producer = new kafka.Producer(client, { requireAcks: 1 })
  await new Promise((resolve, reject) => producer.on('ready', resolve).on('error', reject))
  const sets = new Map()
  for await (const line of createInterface({ input: process.stdin })) {
    const [topic, codec, key, value] = line.split('\t')
    const set = sets.get(topic) ?? { topic, attributes: CODECS.indexOf(codec), messages: [] }
    set.messages.push(new kafka.KeyedMessage(key, value))
    sets.set(topic, set)
  }
  await call((done) => client.loadMetadataForTopics([...sets.keys()], done))
  await call((done) => client.refreshMetadata([...sets.keys()], done))
  await call((done) => producer.send([...sets.values()], done))
  await call((done) => producer.close(done))
}

async function consume([groupId, count, ...topics]) {
  const options = { kafkaHost, groupId, fromOffset: 'earliest', fetchMaxWaitMs: 200 }
  const group = new kafka.ConsumerGroup(options, topics)
  let left = Number(count)
  await new Promise((resolve, reject) => {
    group.on('error', reject)
    group.on('message', ({ topic, offset, key, value }) => {
      if (left > 0) console.log([topic, offset, key, value].join('\t'))
      if (--left === 0) resolve()
    })
  })
  await call((done) => group.close(true, done))
}

await (command === 'produce' ? produce() : consume(rest))
// What is printed may still be on its way.
process.stdout.write('', () => process.exit(0))
