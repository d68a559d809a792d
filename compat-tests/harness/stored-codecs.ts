/** The codecs in which a topic's batches lie in the data folder. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrokerProcess } from './broker-process.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** Of partition 0's first segment. */
export function storedCodecs(broker: BrokerProcess, topic: string): Set<string> {
  const folder = join(broker.data!, `${topic}-0`)
  const segment = readdirSync(folder).find((file) => file.endsWith('.log'))!
  const bytes = readFileSync(join(folder, segment))
  const found = new Set<string>()
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    found.add(CODECS[bytes.readInt16BE(at + 21) & 7]!)
  }
  return found
}
