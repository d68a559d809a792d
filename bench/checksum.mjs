/** CRC-32C by the fastest implementation that is installed. */

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

function fastest() {
  try {
    return require('@node-rs/crc32').crc32c
  } catch {
    const { buf } = require('crc-32/crc32c')
    return (bytes, seed) => buf(bytes, seed) >>> 0
  }
}

export const crc32c = fastest()
