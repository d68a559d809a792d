/** `odradek start`: a broker in the foreground, until a signal ends it. */

import { resolve } from 'node:path'
import { type Logger, destination, pino } from 'pino'
import { startPlanned } from '../assembly.ts'
import { configAt, folderOf } from '../broker-options.ts'
import type { BrokerConfig } from '../broker/config/broker-config.ts'
import type { ListenerAddress } from '../broker/config/listeners.ts'
import { profileLayer } from '../broker/config/profiles.ts'
import { systemClock } from '../clock.ts'
import { systemRandom } from '../random.ts'
import { packageVersion } from '../version.ts'
import { banner } from './banner.ts'
import { humanLine } from './log-line.ts'
import { type LogLevel, readStartOptions, type StartOptions, startHelp } from './start-options.ts'

const DEFAULT_FOLDER = '.odradek'

/** Resolves with the exit code when the broker has stopped. */
export async function start(args: readonly string[]): Promise<number> {
  const options = readStartOptions(args, process.env)
  if (options.help || options.version) {
    process.stdout.write(`${options.help ? startHelp : packageVersion()}\n`)
    return 0
  }
  const layers = [profileLayer(options.profile), ...options.layers]
  const config = configAt(layers, options)
  const folder = dataFolder(options, config)
  const log = logger(config, options.logLevel)
  for (const warning of options.warnings) log.warn(warning)
  const signals = listenToSignals()
  const topics = Object.entries(options.topics)
  const broker = await startPlanned({
    config,
    folder,
    topics: topics.map(([name, partitions]) => ({ name, partitions, configs: [] })),
    log,
    clock: systemClock,
    random: systemRandom,
    keepAlive: true,
  })
  process.stdout.write(
    banner({
      version: packageVersion(),
      bootstrap: broker.listeners.map(address).join(','),
      folder: folder ?? null,
      profile: options.profile,
      clusterId: broker.clusterId,
      topics: topics.map(([name]) => name),
      inertKeys: config.inertKeys(),
    }),
  )
  await signals.first
  await broker.stop()
  signals.forget()
  return 0
}

/** The first SIGINT or SIGTERM asks to stop; the second does not wait for that. */
function listenToSignals(): { first: Promise<void>; forget: () => void } {
  let count = 0
  let asked = (): void => {}
  const first = new Promise<void>((done) => {
    asked = done
  })
  const hear = (_: NodeJS.Signals, number: number): void => {
    if (++count > 1) process.exit(128 + number)
    asked()
  }
  const names = ['SIGINT', 'SIGTERM'] as const
  for (const name of names) process.on(name, hear)
  return {
    first,
    forget: () => {
      for (const name of names) process.off(name, hear)
    },
  }
}

/** Flags win over what the configuration says, and that over a folder beside where the command was called. */
function dataFolder({ store }: StartOptions, config: BrokerConfig): string | undefined {
  if (store === 'memory') return undefined
  return folderOf(store?.folder, config) ?? resolve(DEFAULT_FOLDER)
}

/** Logs go to stderr, so that stdout has the banner alone. */
function logger(config: BrokerConfig, level: LogLevel): Logger {
  const options = { level, base: null }
  if (config.get('odradek.log.format') === 'json') {
    return pino(options, destination({ dest: 2, sync: true }))
  }
  return pino(options, { write: (line) => void process.stderr.write(humanLine(line)) })
}

function address({ host, port }: ListenerAddress): string {
  const name = host === null || host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `${name.includes(':') ? `[${name}]` : name}:${port}`
}
