/** Figures that a test run tells at its end: what was compared with what, and how much of it. */

import { appendFileSync } from 'node:fs'

/** A line for the summary of `npm test`; a run of vitest alone prints it at once. */
export function report(line: string): void {
  const file = process.env.ODRADEK_TEST_FIGURES
  if (file) appendFileSync(file, `${line}\n`)
  else console.log(line)
}
