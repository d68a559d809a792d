import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failureText, runCommand } from '../../src/cli/commands.ts'
import { StorageError } from '../../src/storage/engine.ts'

describe('runCommand', () => {
  let stdout = ''
  let stderr = ''
  beforeEach(() => {
    stdout = ''
    stderr = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      stdout += String(chunk)
      return true
    })
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      stderr += String(chunk)
      return true
    })
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test('names the nearest command', async () => {
    expect(await runCommand(['strat'])).toBe(1)
    expect(stderr).toBe("odradek: There is no command 'strat'. Did you mean 'start'?\n")
  })

  test('names none where none is near', async () => {
    expect(await runCommand(['zebra'])).toBe(1)
    expect(stderr).toBe("odradek: There is no command 'zebra'. Try odradek help.\n")
  })

  test.each([
    [['--prot', '1'], 'odradek: Unknown flag --prot. Did you mean --port?\n'],
    [
      ['start', '-o', 'num.partitons=1'],
      "odradek: Unknown configuration 'num.partitons' (in -o). Did you mean num.partitions?\n",
    ],
    [
      ['-o', 'num.partitions=x'],
      'odradek: Invalid value x for configuration num.partitions: Not a number of type INT (in -o)\n',
    ],
    [
      ['-o', 'listeners=SSL://:9093'],
      'odradek: Listener SSL wants SSL, which is not served yet: only PLAINTEXT is. Nothing is listened to rather than less securely.\n',
    ],
  ])('%j is one line on stderr and exit code 1', async (args, line) => {
    expect(await runCommand(args)).toBe(1)
    expect(stderr).toBe(line)
    expect(stdout).toBe('')
  })

  test.each([['--version'], ['version']])('%s prints the version of the package', async (word) => {
    expect(await runCommand([word])).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  test.each([['start', '--help'], ['help'], ['-h']])('%j prints help', async (...words) => {
    expect(await runCommand(words)).toBe(0)
    expect(stdout).toContain('--profile NAME')
  })

  test('a failure of the disk is one line too', () => {
    expect(failureText(new StorageError('The disk failed: EIO'))).toBe('The disk failed: EIO')
    expect(failureText(new Error('ours'))).toContain('commands.test.ts')
  })
})
