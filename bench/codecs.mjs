/** The codec rows: frames per second that are decoded and encoded, beside kafkajs on the same bytes. They need no server. */

import { codecsPerSecond } from './load.mjs'
import { median } from './table.mjs'

/** A codec is measured for a part of what a row with a server takes. */
const SHARE_OF_SECONDS = 0.25

export const codecRows = [
  { name: 'encode Produce, 100 records', kafkajs: true },
  { name: 'decode Produce' },
  { name: 'encode Produce reply' },
  { name: 'decode Produce reply', kafkajs: true },
  { name: 'encode Fetch', kafkajs: true },
  { name: 'encode Fetch reply' },
  { name: 'decode Fetch reply, 100 records', kafkajs: true },
  { name: 'encode Metadata, 1,000 partitions' },
  { name: 'decode Metadata, 1,000 partitions', kafkajs: true },
]

/** All rounds of a row, both sides in turn. */
export async function measureCodec({ name, kafkajs = false }, { rounds, seconds }) {
  const sides = kafkajs ? ['odradek', 'kafkajs'] : ['odradek']
  const results = { odradek: [], kafkajs: [] }
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      results[side].push(await codecsPerSecond({ row: name, side }, seconds * SHARE_OF_SECONDS))
    }
  }
  return { name, odradek: median(results.odradek), kafkajs: median(results.kafkajs) }
}
