import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const bundle = pathToFileURL(join(root, 'dist/index.js')).href

let folder: string
beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-stale'])
  folder = mkdtempSync(join(tmpdir(), 'odradek-lifetime-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a program of its own, as a user's is: nothing but the broker may keep it alive. */
function run(body: string): { code: number | null; lines: string[] } {
  const program = `import { once } from 'node:events'
import { connect } from 'node:net'
import { startBroker } from '${bundle}'
${body}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  return { code: status, lines: stdout.split('\n').filter(Boolean) }
}

/** A client that is connected and keeps no process alive. */
const CONNECT = `const socket = connect({ port: broker.port, host: '127.0.0.1' })
socket.write(Buffer.from('0000000a0012000000abcdef0000', 'hex'))
await once(socket, 'data')
socket.unref()`

test.each(["{ data: 'kept', topics: { orders: 3 } }", '{}'])(
  'a program does not end before stop() has, with %s',
  (options) => {
    const { code, lines } = run(`const broker = await startBroker(${options})
console.log('started')
${CONNECT}
await broker.stop()
console.log('stopped')`)
    expect([code, lines]).toEqual([0, ['started', 'stopped']])
  },
)

test('a broker that nobody stops lets the program end', () => {
  const { code, lines } = run(`const broker = await startBroker()
${CONNECT}
console.log('started')`)
  expect([code, lines]).toEqual([0, ['started']])
})

test('with keepAlive it does not, until it is stopped', () => {
  const { code, lines } = run(`const broker = await startBroker({ keepAlive: true })
setTimeout(async () => {
  await broker.stop()
  console.log('stopped')
}, 1).unref()
// Longer than any timer that is not waited for.
await once(process, 'beforeExit')
console.log('ended')`)
  expect([code, lines]).toEqual([0, ['stopped', 'ended']])
})
