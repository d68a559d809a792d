/**
 * `npm run bench`: starts the servers, drives each with the same frames in turn, and prints medians and ratios.
 *
 * Codecs come first, without a server, beside kafkajs on the same bytes.
 *
 * Machines differ, ratios less: the yardstick is a bare server from the same run (bare-server.mjs).
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { codecRows, measureCodec } from './codecs.mjs'
import { longRows, measureLong } from './long-rows.mjs'
import { HELP, readOptions } from './options.mjs'
import { warmPageCache } from './page-cache.mjs'
import { rows } from './rows.mjs'
import { startKafka, startOdradek } from './servers.mjs'
import { codecTable, median, table } from './table.mjs'

async function main() {
  const options = readOptions(process.argv.slice(2))
  if (options.help) {
    process.stdout.write(HELP)
    return
  }
  const isWanted = ({ name }) =>
    options.only.length === 0 || options.only.some((part) => name.includes(part))
  const codecs = []
  for (const row of codecRows.filter(({ name }) => isWanted({ name: `codec: ${name}` }))) {
    progress(row.name)
    codecs.push(await measureCodec(row, options))
  }
  const wanted = rows.filter(isWanted)
  const figures = wanted.length > 0 ? await measureServers(wanted, options) : []
  if (options.only.length > 0) {
    for (const row of longRows.filter(isWanted)) figures.push(...(await measureAlone(row, options)))
  }
  progress('')
  report(figures, codecs, options)
}

async function measureServers(wanted, options) {
  const folder = mkdtempSync(path.join(tmpdir(), 'odradek-bench-'))
  const { memory, profile } = options
  const starts = {
    odradek: (name, profiled) =>
      startOdradek(path.join(folder, name), { memory, profile: profiled && profile }),
    ...(options.peer === 'kafka' && { kafka: (name) => startKafka(path.join(folder, name)) }),
  }
  const brokers = []
  try {
    if (wanted.some(({ writes }) => writes)) warmPageCache(folder)
    for (const [key, start] of Object.entries(starts)) brokers.push(await running(key, start))
    const figures = []
    for (const row of wanted) figures.push(await measure(row, brokers, folder, options))
    return figures
  } finally {
    for (const { server } of brokers) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAlone(row, options) {
  progress(row.name)
  const folder = mkdtempSync(path.join(tmpdir(), 'odradek-bench-'))
  const servers = { odradek: startOdradek, ...(options.peer === 'kafka' && { kafka: startKafka }) }
  try {
    return await measureLong(row, servers, folder, options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A broker that runs for all rows, and how another like it is started beside it. */
async function running(key, start) {
  const server = await start(key, true)
  let others = 0
  return { key, server, start: () => start(`${key}-${++others}`, false) }
}

/** All rounds of a row, the servers in turn. */
async function measure(row, brokers, folder, { rounds, seconds }) {
  const results = { bare: [] }
  for (const { key } of brokers) results[key] = []
  // The round before the first only warms up.
  for (let round = 0; round <= rounds; round++) {
    progress(`${row.name}, round ${round} of ${rounds}`)
    const file = path.join(folder, 'bare.log')
    for (const broker of brokers) results[broker.key][round] = await row.broker(broker, seconds)
    if (row.bare) results.bare[round] = await row.bare(file, seconds)
    rmSync(file, { force: true })
  }
  progress('')
  const { name, unit, lowerIsBetter = false } = row
  const figure = { name, unit, lowerIsBetter }
  for (const [key, [, ...all]] of Object.entries(results)) {
    if (all.length === 0) continue
    figure[key] = {
      value: median(all.map(({ value }) => value).filter((value) => value !== undefined)),
      isGeneratorBusy: all.some(({ isGeneratorBusy }) => isGeneratorBusy),
    }
  }
  return figure
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function report(figures, codecs, { json, peer }) {
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' }
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, figures, codecs }, null, 2)}\n`)
    return
  }
  process.stdout.write(`Node ${machine.node}, ${machine.cpus} CPUs, ${machine.cpu}\n\n`)
  const tables = []
  if (figures.length > 0) tables.push(table(figures, { hasPeer: peer !== undefined }))
  if (codecs.length > 0) tables.push(codecTable(codecs))
  process.stdout.write(tables.join('\n'))
}

await main()
