/** The batches that a producer sends: plain, or compressed by our own codecs, which are loaded only where they are needed. */

import { compressedBatch, recordBatch } from './frames.mjs'

const CODEC_NUMBERS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

let deflate

/** Has `batchOf` know the codecs. */
export async function loadCodecs() {
  deflate = (await import('../dist/protocol.js')).deflate
}

/** A batch whose records have nearly `bytes` bytes before they are compressed. */
export function batchOf(bytes, codec) {
  if (codec === undefined) return recordBatch(bytes)
  return compressedBatch(bytes, CODEC_NUMBERS[codec], (records) => deflate(codec, records))
}
