/** Kafka's own command line tools print against the broker what they print against Kafka: compat-tests/transcripts. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { JavaDriver } from './harness/java-driver.ts'
import { hasOracles } from './harness/programs.ts'
import { recordingTarget, stepsOf, take, transcriptPath, writeSteps } from './harness/transcript.ts'

const TRANSCRIPTS = ['topics', 'offsets', 'console', 'groups', 'cluster']

/** Files that tools are given, by the name that transcripts have for them. */
const FILES: Record<string, object> = {
  deleteTwo: { version: 1, partitions: [{ topic: 'counted', partition: 0, offset: 2 }] },
  deleteTooMany: { version: 1, partitions: [{ topic: 'counted', partition: 0, offset: 99 }] },
  deleteAll: { version: 1, partitions: [{ topic: 'counted', partition: 0, offset: -1 }] },
  noConfigs: {},
  topicsToMove: { version: 1, topics: [{ topic: 'settled' }] },
  reassignment: {
    version: 1,
    partitions: [{ topic: 'settled', partition: 0, replicas: [1], log_dirs: ['any'] }],
  },
  reassignmentElsewhere: {
    version: 1,
    partitions: [{ topic: 'settled', partition: 0, replicas: [7] }],
  },
}

const isSupported = (line: string): boolean => !line.includes('UNSUPPORTED')

describe.skipIf(!hasOracles())("Kafka's own tools", () => {
  let broker: BrokerProcess | undefined
  let driver: JavaDriver
  let bootstrap: string
  let folder: string
  const values: Record<string, string> = {}

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'odradek-tools-'))
    for (const [name, content] of Object.entries(FILES)) {
      values[name] = join(folder, `${name}.json`)
      writeFileSync(values[name], JSON.stringify(content))
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  describe.each(TRANSCRIPTS)('%s', (name) => {
    const steps = stepsOf(transcriptPath(name))

    beforeAll(async () => {
      if (!recordingTarget) broker = await BrokerProcess.start({ engine: 'file' })
      bootstrap = recordingTarget ?? broker!.bootstrap
      driver = await JavaDriver.start(bootstrap)
    })
    afterAll(async () => {
      driver?.stop()
      await broker?.dispose()
      if (recordingTarget) writeSteps(transcriptPath(name), steps)
    })

    it.each(steps.map((step) => [step.line, step] as const))('%s', async (_line, step) => {
      const lines = await take(step, driver, bootstrap, values)
      if (recordingTarget) step.output = lines
      else if (step.line.startsWith('~ '))
        expect(step.output).toEqual(expect.arrayContaining(lines.filter(isSupported)))
      else expect(lines).toEqual(step.output)
    })
  })
})
