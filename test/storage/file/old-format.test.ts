import { expect, it } from 'vitest'
import { crc32 } from '../../../src/protocol/records/crc32.ts'
import { DIRECTORY, Store } from '../store.ts'

/** A message of magic 1 with this value. */
function oldMessage(value: string): Buffer {
  const body = Buffer.alloc(1 + 1 + 8 + 4 + 4)
  body.writeInt8(1, 0)
  body.writeInt32BE(-1, 10)
  body.writeInt32BE(value.length, 14)
  const summed = Buffer.concat([body, Buffer.from(value)])
  const head = Buffer.alloc(16)
  head.writeInt32BE(summed.length + 4, 8)
  head.writeUInt32BE(crc32(summed), 12)
  return Buffer.concat([head, summed])
}

const FOLDER = `${DIRECTORY}/store-0`
const FILE = `${FOLDER}/00000000000000000000.log`

function storeWith(bytes: Buffer): Store {
  const store = new Store()
  store.disk.makeDirectory(DIRECTORY)
  store.disk.makeDirectory(FOLDER)
  store.disk.writeFile(FILE, bytes)
  return store
}

it.each([
  ['short', 'v'],
  ['long', 'v'.repeat(100_000)],
])(
  'a log that begins with a %s message from before Kafka 0.11 is refused, and stays as it is',
  async (_how, value) => {
    const bytes = Buffer.concat([oldMessage(value), oldMessage('next')])
    const store = storeWith(bytes)
    await expect(store.open()).rejects.toThrow(/store-0.*from before Kafka 0.11/)
    expect(store.disk.readFile(FILE)!.equals(bytes)).toBe(true)
  },
)

it('what only looks like one is damage', async () => {
  const bytes = oldMessage('value')
  bytes[bytes.length - 1]! ^= 1
  const store = await storeWith(bytes).open()
  expect(await store.values()).toEqual([])
})
