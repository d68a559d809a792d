/** A disk that is full for a while, for real: a small file system that a file of ours fills. Needs the right to mount one. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerProcess } from './harness/broker-process.ts'
import { consume, kafkajs, until } from './harness/kafkajs-client.ts'
import { installed, kcat } from './harness/programs.ts'

const SIZE_MIB = 24

function mount(): string | undefined {
  if (process.platform !== 'linux') return undefined
  const folder = mkdtempSync(join(tmpdir(), 'odradek-small-'))
  const options = ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', folder]
  if (spawnSync('mount', options).status === 0) return folder
  rmdirSync(folder)
  return undefined
}

function unmount(folder: string): void {
  spawnSync('umount', [folder])
  rmdirSync(folder)
}

function canMount(): boolean {
  const folder = mount()
  if (folder !== undefined) unmount(folder)
  return folder !== undefined
}

describe.skipIf(!canMount())('a full disk (where a small file system can be mounted)', () => {
  let folder: string
  let broker: BrokerProcess

  beforeEach(async () => {
    folder = mount()!
    broker = await BrokerProcess.start({ engine: 'file', data: join(folder, 'data') })
  })
  afterEach(async () => {
    await broker?.dispose()
    unmount(folder)
  })

  const ballast = (): string => join(folder, 'ballast')
  const usable = (): number => {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  }

  it('refuses records, serves those that it has, and goes on without a restart', async () => {
    const kafka = kafkajs(broker.bootstrap)
    const impatient = kafka.producer({ retry: { retries: 0 } })
    const patient = kafka.producer({ idempotent: true, retry: { retries: 40, maxRetryTime: 500 } })
    await Promise.all([impatient.connect(), patient.connect()])
    const value = (i: number): Buffer => Buffer.alloc(100_000, `${i} `)
    const topic = 'filled'
    for (let i = 0; i < 10; i++) await patient.send({ topic, messages: [{ value: value(i) }] })
    writeFileSync(ballast(), Buffer.alloc(usable() - 300_000))
    let sent = 10
    for (; sent < 30; sent++) {
      const send = patient.send({ topic, messages: [{ value: value(sent) }] })
      const outcome = await Promise.race([
        send.then(() => 'taken'),
        until('the disk is full', () => broker.output.includes('The disk is full')).then(
          () => 'full',
        ),
      ])
      if (outcome === 'taken') continue
      // Sent again and again until there is room.
      await expect(impatient.send({ topic, messages: [{ value: value(0) }] })).rejects.toThrow()
      if (installed('kcat')) {
        const flags = ['-C', '-t', topic, '-e', '-q', '-f', '%o ']
        const offsets = (await kcat(broker.bootstrap, flags)).trim().split(' ').map(Number)
        expect(offsets).toEqual(Array.from({ length: sent }, (_, offset) => offset))
      }
      rmSync(ballast())
      await send
      sent++
      break
    }
    expect(broker.output).toContain('The disk is full')
    for (let i = sent; i < sent + 5; i++)
      await patient.send({ topic, messages: [{ value: value(i) }] })
    await until('it is said', () => broker.output.includes('There is room on the disk again'))
    await Promise.all([impatient.disconnect(), patient.disconnect()])
    const check = async (groupId: string): Promise<void> => {
      const messages = await consume(kafka, groupId, [topic], sent + 5)
      const values = messages.map((message) => Number(message.value?.split(' ')[0]))
      expect(values).toEqual(Array.from({ length: sent + 5 }, (_, i) => i))
    }
    await check('after')
    await broker.kill()
    await broker.start()
    await check('after-a-kill')
  })
})
