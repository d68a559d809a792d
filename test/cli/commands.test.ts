import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCommand } from '../../src/cli/commands.ts'

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
    expect(stderr).toBe("odradek: There is no command 'strat'. The nearest known one is 'start'.\n")
  })

  test.each([
    [['--prot', '1'], 'odradek: Unknown flag --prot. The nearest known flag is --port.\n'],
    [
      ['start', '-o', 'num.partitons=1'],
      "odradek: Unknown configuration 'num.partitons' (in -o). The nearest known key is 'num.partitions'.\n",
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

  test('prints the version of the package', async () => {
    expect(await runCommand(['--version'])).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  test('prints help', async () => {
    expect(await runCommand(['start', '--help'])).toBe(0)
    expect(stdout).toContain('--profile NAME')
  })
})
