/** `odradek start`: a broker in the foreground, until a signal ends it. */

import { resolve } from 'node:path'
import { type AssembledBroker, startPlanned } from '../assembly.ts'
import { configAt, folderOf } from '../broker-options.ts'
import type { BrokerConfig } from '../broker/config/broker-config.ts'
import { inertSettings } from '../broker/config/inert-settings.ts'
import { advertisedListenersOf, type ListenerAddress } from '../broker/config/listeners.ts'
import { profileLayer } from '../broker/config/profiles.ts'
import { systemClock } from '../clock.ts'
import { systemRandom } from '../random.ts'
import { packageVersion } from '../version.ts'
import { banner } from './banner.ts'
import { createLog } from './log.ts'
import { listenToSignals } from './signals.ts'
import { readStartOptions, type StartOptions, startHelp } from './start-options.ts'

const DEFAULT_FOLDER = '.odradek'

/** Resolves with the exit code when the broker has stopped. */
export async function start(args: readonly string[]): Promise<number> {
  const options = readStartOptions(args, process.env)
  if (options.help) return printHelp()
  if (options.version) return printVersion()
  const config = configAt([profileLayer(options.profile), ...options.layers], options)
  const folder = dataFolder(options, config)
  const log = createLog({
    format: config.get('odradek.log.format') as 'json' | 'text',
    level: options.logLevel,
    clock: systemClock,
    // stdout has the banner alone.
    write: (line) => void process.stderr.write(line),
  })
  for (const warning of [...options.warnings, ...portWarnings(options, config)]) log.warn(warning)
  const signals = listenToSignals()
  const broker = await startPlanned({
    config,
    folder,
    clusterId: options.clusterId,
    topics: Object.entries(options.topics).map(([name, partitions]) => ({
      name,
      partitions,
      configs: [],
    })),
    log,
    clock: systemClock,
    random: systemRandom,
    keepAlive: true,
  })
  const asked = signals.ask()
  process.stdout.write(bannerOf(options, config, folder, broker))
  const lost = await Promise.race([asked, broker.lost])
  await broker.stop()
  signals.forget()
  if (lost) throw lost
  return 0
}

export async function printHelp(): Promise<number> {
  process.stdout.write(`${startHelp}\n`)
  return 0
}

export async function printVersion(): Promise<number> {
  process.stdout.write(`${packageVersion()}\n`)
  return 0
}

/** Flags win over what the configuration says, and that over a folder beside where the command was called. */
function dataFolder({ store }: StartOptions, config: BrokerConfig): string | undefined {
  if (store === 'memory') return undefined
  return folderOf(store?.folder, config) ?? resolve(DEFAULT_FOLDER)
}

function portWarnings({ port }: StartOptions, config: BrokerConfig): string[] {
  if (port === undefined) return []
  return advertisedListenersOf(config)
    .filter((advertised) => advertised.port !== port)
    .map(
      (advertised) =>
        `-p has it listen on port ${port}, and advertised.listeners sends clients on to port ${advertised.port}.`,
    )
}

function bannerOf(
  { profile, topics }: StartOptions,
  config: BrokerConfig,
  folder: string | undefined,
  { listeners, clusterId }: AssembledBroker,
): string {
  const isOne = listeners.length === 1
  return banner({
    version: packageVersion(),
    listens: listeners.map(reachable),
    advertised: advertisedListenersOf(config).map(
      ({ name, host, port }) => `${isOne ? '' : `${name}://`}${hostText(host ?? '')}:${port}`,
    ),
    folder: folder ?? null,
    profile,
    clusterId,
    topics: Object.keys(topics),
    inert: inertSettings(config),
  })
}

function reachable({ host, port }: ListenerAddress): string {
  const isEvery = host === null || host === '0.0.0.0' || host === '::'
  return `${isEvery ? 'localhost' : hostText(host)}:${port}`
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
