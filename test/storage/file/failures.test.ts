import { describe, expect, it } from 'vitest'
import { logId } from '../../../src/storage/engine.ts'
import { DIRECTORY, LOG, specOf, Store, TOPIC_ID } from '../store.ts'

const OTHER = logId(TOPIC_ID, 1)

describe('a disk that fails', () => {
  it.each([
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['sync', 'EIO'],
  ] as const)('takes the log offline whose %s fails with %s, and no other', async (verb, code) => {
    const store = await new Store().open({ flushMessages: 1 }, 2)
    await store.append('a')
    store.disk.fault = (what, path) =>
      what === verb && path.includes('store-0') && path.endsWith('.log') ? code : undefined
    expect(await store.append('b')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    expect(await store.append('c')).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
    await expect(store.values()).rejects.toThrow('KAFKA_STORAGE_ERROR')
    await expect(store.engine.flush(LOG)).rejects.toThrow(`A ${verb} of`)
    expect(store.lines.filter((line) => line.includes('offline'))).toHaveLength(1)
    expect(await store.append('d', OTHER)).toMatchObject({ kind: 'appended' })
  })

  it('gives a log back that a failed write took offline, when it is opened anew', async () => {
    const store = await new Store().open()
    await store.append('a')
    store.disk.fault = (verb) => (verb === 'write' ? 'EIO' : undefined)
    await store.append('b')
    store.disk.fault = undefined
    await store.engine.create([specOf(0)])
    expect(await store.append('c')).toMatchObject({ baseOffset: 1 })
    expect(await store.values()).toEqual(['a', 'c'])
    const { ownerEpoch } = await store.engine.own(LOG)
    expect(ownerEpoch).toBeGreaterThan(0)
  })

  it('does not try a failed sync again: the log stays offline until the next start', async () => {
    const store = await new Store().open({ flushMessages: 1 })
    await store.append('a')
    store.disk.fault = (verb) => (verb === 'sync' ? 'EIO' : undefined)
    await store.append('b')
    store.disk.fault = undefined
    await expect(store.engine.create([specOf(0)])).rejects.toThrow('new start')
    await expect(store.engine.own(LOG)).rejects.toThrow('new start')
    await store.engine.close()
    await store.open({ flushMessages: 1 })
    expect((await store.values())[0]).toBe('a')
  })

  it('acknowledges nothing before its sync when every message is flushed', async () => {
    const store = await new Store().open({ flushMessages: 1 })
    const { disk } = store
    const before = disk.syncs
    const appends = Array.from({ length: 50 }, (_, i) => store.append(`${i}`))
    expect(store.engine.offsets(LOG)?.highWatermark).toBe(0)
    await Promise.all(appends)
    expect(store.engine.offsets(LOG)?.highWatermark).toBe(50)
    // One sync of the file for all of them, and those of its new name.
    expect(disk.syncs - before).toBeLessThanOrEqual(4)
  })

  it('writes what comes in one turn in one write', async () => {
    const store = await new Store().open()
    let writes = 0
    store.disk.fault = (verb, path) => {
      if (verb === 'write' && path.endsWith('.log')) writes++
      return undefined
    }
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.append(`${i}`)))
    expect(writes).toBe(1)
  })
})

describe('the data folder', () => {
  it('keeps its cluster id, and refuses another', async () => {
    const store = await new Store().open()
    const { clusterId } = store.engine
    await store.engine.close()
    await store.open()
    expect(store.engine.clusterId).toBe(clusterId)
    expect(String(store.disk.readFile(`${DIRECTORY}/meta.properties`))).toContain(
      `cluster.id=${clusterId}\n`,
    )
  })

  it.each([
    ['odradek.format=1', 'odradek.format=2', 'newer version'],
    ['version=1', 'version=0', 'version 1'],
  ])('is refused when it says %s -> %s', async (from, to, text) => {
    const store = await new Store().open()
    await store.engine.close()
    const path = `${DIRECTORY}/meta.properties`
    const lines = String(store.disk.readFile(path))
    store.disk.writeFile(path, Buffer.from(lines.replace(from, to)))
    await expect(store.open()).rejects.toThrow(text)
    // The folder is free again.
    store.disk.writeFile(path, Buffer.from(lines))
    await store.open()
  })

  it('with logs and without its properties is given to a new cluster, and that is said', async () => {
    const store = await new Store().open()
    await store.append('a')
    const { clusterId } = store.engine
    await store.engine.close()
    store.disk.remove(`${DIRECTORY}/meta.properties`)
    await store.open()
    expect(store.engine.clusterId).not.toBe(clusterId)
    expect(store.lines).toEqual([expect.stringContaining('whatever cluster it was of')])
    expect(await store.values()).toEqual(['a'])
  })

  it('belongs to one engine at a time', async () => {
    const store = await new Store().open()
    await expect(new Store().open.call(store)).rejects.toThrow('in use')
  })

  it("keeps another topic's log out of the way", async () => {
    const store = await new Store().open()
    await store.append('theirs')
    await store.engine.close()
    store.disk.writeFile(
      `${DIRECTORY}/store-0/partition.metadata`,
      Buffer.from('version: 0\ntopic_id: another000000000000000\n'),
    )
    await store.open()
    expect(await store.values()).toEqual([])
    const names = store.disk.list(DIRECTORY)!.map(({ name }) => name)
    expect(names.filter((name) => name.endsWith('-stray'))).toHaveLength(1)
  })
})
