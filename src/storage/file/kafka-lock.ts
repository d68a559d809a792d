/**
 * Whether a running Kafka holds a data folder. It locks the `.lock` file by the operating system, which Node cannot ask;
 * Linux lists all such locks of processes that we can see in `/proc/locks`, one a line:
 *
 *   1: POSIX  ADVISORY  WRITE 4711 fd:01:1234567 0 EOF      pid, device major:minor (hexadecimal) and inode
 */

import * as fs from 'node:fs'

/** The pid of the process that holds a lock on a file; undefined where there is none, or no telling. */
export function kafkaLockOf(path: string, table = '/proc/locks'): number | undefined {
  try {
    const { ino, dev } = fs.statSync(path, { bigint: true })
    for (const line of fs.readFileSync(table, 'latin1').split('\n')) {
      const match =
        /^\d+: (?:POSIX|OFDLCK)\s+\w+\s+WRITE (-?\d+) ([\da-f]+):([\da-f]+):(\d+) /.exec(line)
      if (!match || BigInt(match[4]!) !== ino) continue
      const device = { major: parseInt(match[2]!, 16), minor: parseInt(match[3]!, 16) }
      if (isDevice(dev, device)) return Number(match[1])
    }
  } catch {
    // No such file, or a system without such a table.
  }
  return undefined
}

/** Linux packs the two numbers of a device into one in two ways. */
function isDevice(dev: bigint, { major, minor }: { major: number; minor: number }): boolean {
  const foundMajor = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n))
  const foundMinor = Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n))
  return foundMajor === major && foundMinor === minor
}
