/** The servers that are measured, each a process of its own: Odradek as it is built, the bare server, and Apache Kafka. */

import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const root = path.resolve(import.meta.dirname, '..')
const START_WITHIN_MS = 60_000

/** With extra certificates Node reads all of its root store at each start. */
const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env

/** The first of so many free ports in a row, below those that systems give to clients. */
async function freePorts(count = 1) {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const isFree = await Promise.all(Array.from({ length: count }, (_, i) => canListen(first + i)))
    if (isFree.every(Boolean)) return first
  }
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' })
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

/** Starts a Node process that is to listen on `port`. */
async function startNode(name, port, args) {
  const began = performance.now()
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (text) => (complaints += text))
  let isWanted = true
  const ended = new Promise((resolve) => {
    child.on('exit', (code) => {
      if (isWanted)
        process.stderr.write(`${name} ended by itself with code ${code}.\n${complaints}`)
      resolve()
    })
  })
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${complaints}`)
    if (performance.now() - began > START_WITHIN_MS) throw new Error(`${name} does not listen.`)
    await sleep(1)
  }
  const startMs = performance.now() - began
  const stop = async () => {
    isWanted = false
    child.kill('SIGTERM')
    await ended
  }
  const kill = async () => {
    isWanted = false
    child.kill('SIGKILL')
    await ended
  }
  return { name, port, pid: child.pid, startMs, stop, kill }
}

/** Deleted topics are to leave the disk, and the page cache, before the next round: else it finds memory that nobody has touched. */
const NO_DELETE_DELAY = 'log.segment.delete.delay.ms=0'

/** `settings`: `key=value`, as in server.properties. What the folder holds is kept. */
export async function startOdradek(folder, { memory, profile, settings = [] } = {}) {
  const port = await freePorts()
  const storage = memory ? ['--memory'] : ['--data', folder]
  const flags = profile ? ['--cpu-prof'] : []
  const command = [
    'start',
    '--profile',
    'prod',
    '--port',
    port,
    '--log-level',
    'error',
    ...storage,
    ...[NO_DELETE_DELAY, ...settings].flatMap((setting) => ['-o', setting]),
  ]
  return startNode('Odradek', port, [
    ...flags,
    path.join(root, 'dist/cli.js'),
    ...command.map(String),
  ])
}

/** `mode` and `argument` are those of bare-server.mjs. */
export async function startBare(mode, argument = '') {
  const port = await freePorts()
  const script = path.join(import.meta.dirname, 'bare-server.mjs')
  const server = await startNode('the bare server', port, [
    script,
    String(port),
    mode,
    String(argument),
  ])
  return server
}

/** What the folder holds is kept if `settings` are given. */
export async function startKafka(folder, { settings } = {}) {
  const oracles = process.env.ODRADEK_ORACLES ?? path.join(root, '../shared')
  const script = path.resolve(root, oracles, 'peers/kafka')
  const run = (...args) => promisify(execFile)(script, args, { env: environment })
  // Its controller takes the port after it.
  const port = await freePorts(2)
  const options = [NO_DELETE_DELAY, ...(settings ?? [])].flatMap((setting) => ['-o', setting])
  const place = ['-p', String(port), '-d', folder, ...(settings ? ['-k'] : [])]
  const { stdout } = await run('start', ...place, ...options)
  const startMs = Number(/listening_after_ms=(\d+)/.exec(stdout)?.[1])
  const pid = Number(/pid=(\d+)/.exec(stdout)?.[1])
  const stop = () => run('stop', '-d', folder)
  const kill = async () => {
    await run('kill', '-d', folder)
    while (residentMegabytes({ pid }) > 0) await sleep(10)
  }
  return { name: 'Apache Kafka', port, pid, startMs, stop, kill }
}

/** Resident memory in megabytes; undefined where the system has no /proc. */
export function residentMegabytes({ pid }) {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}
