import { expect, it, vi } from 'vitest'

// What an installation without the optional package, or on a platform that it has no binary for, looks like.
vi.mock('node:module', () => ({
  createRequire: () => () => {
    throw new Error("Cannot find module '@node-rs/crc32'")
  },
}))

const { crc32c, crc32cImplementation } = await import('../../../src/protocol/records/crc32c.ts')
const { crc32, nativeCrc32 } = await import('../../../src/protocol/records/crc32.ts')

it('CRC-32C falls back to JavaScript where the native package does not load', () => {
  expect(crc32cImplementation()).toBe('javascript')
  expect(crc32c(Buffer.alloc(1000, 7))).toBe(0x8a9c792b)
})

it('CRC-32 falls back to what Node has', () => {
  expect(nativeCrc32()).toBeNull()
  expect(crc32(Buffer.alloc(1000, 7))).toBe(0x459830dc)
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
})
