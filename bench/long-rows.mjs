/**
 * Rows that take minutes and gigabytes, and so are measured only when they are named (`--only`), once.
 *
 * A row: `name`, `settings` of the servers, `figures` ({ name, unit, lowerIsBetter }), and `broker(start, folder, seconds)`, which gives
 * their values; `start` starts a server in the folder, with what is in it.
 */

import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { coldReadersRow } from './cold-readers.mjs'
import { compactionRow } from './compaction.mjs'
import { manyPartitionsRow } from './many-partitions.mjs'
import { recoveryRow } from './recovery.mjs'

export const longRows = [manyPartitionsRow, recoveryRow, coldReadersRow, compactionRow]

/** Measures a row on each server, with the whole machine to itself; `servers`: how each is started, by its name. */
export async function measureLong(row, servers, parent, { seconds }) {
  const figures = row.figures.map((figure) => ({ ...figure, name: `${row.name}: ${figure.name}` }))
  for (const [key, startIn] of Object.entries(servers)) {
    const folder = path.join(parent, `${key}-long`)
    mkdirSync(folder, { recursive: true })
    let server
    const start = async () => {
      server = await startIn(folder, { settings: row.settings ?? [] })
      return server
    }
    try {
      const values = await row.broker(start, folder, seconds)
      for (const [i, value] of values.entries()) figures[i][key] = { value }
    } catch (error) {
      await server?.stop()
      throw error
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return figures
}
