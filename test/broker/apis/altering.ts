/** Short ways to alter and describe the configs of a broker in process. */

import { describeConfigs } from '../../../src/broker/apis/32-describe-configs.ts'
import { alterConfigs } from '../../../src/broker/apis/33-alter-configs.ts'
import { incrementalAlterConfigs } from '../../../src/broker/apis/44-incremental-alter-configs.ts'
import { operationKinds, type OperationKind } from '../../../src/broker/config/config-operations.ts'
import type { BrokerFixture, Question } from '../fixture.ts'

export const kinds = { topic: 2, broker: 4, logger: 8, metrics: 16, group: 32 } as const
export type Kind = keyof typeof kinds

/** Name, operation (SET when left out) and value; a number is an operation of that code. */
export type Change = [name: string, value: string | null, operation?: OperationKind | number]

export interface Changed {
  kind: Kind | number
  name: string
  changes: readonly Change[]
}

interface Terms extends Partial<Question> {
  validateOnly?: boolean
}

/** `NONE`, or the error and its text, for each resource. */
export async function alterEach(
  broker: BrokerFixture,
  resources: readonly Changed[],
  { validateOnly = false, ...question }: Terms = {},
): Promise<string[]> {
  const { responses } = await broker.ask(
    incrementalAlterConfigs,
    {
      resources: resources.map(({ kind, name, changes }) => ({
        resourceType: codeOf(kind),
        resourceName: name,
        configs: changes.map(([config, value, operation = 'SET']) => ({
          name: config,
          configOperation:
            typeof operation === 'number' ? operation : operationKinds.indexOf(operation),
          value,
        })),
      })),
      validateOnly,
    },
    { version: 1, ...question },
  )
  return responses.map(said)
}

export async function alter(
  broker: BrokerFixture,
  kind: Kind | number,
  name: string,
  changes: readonly Change[],
  terms: Terms = {},
): Promise<string> {
  const [answer] = await alterEach(broker, [{ kind, name, changes }], terms)
  return answer!
}

/** AlterConfigs: the resource has these configs and no others. */
export async function replace(
  broker: BrokerFixture,
  kind: Kind | number,
  name: string,
  configs: Readonly<Record<string, string | null>>,
  version = 2,
): Promise<string> {
  const { responses } = await broker.ask(
    alterConfigs,
    {
      resources: [
        {
          resourceType: codeOf(kind),
          resourceName: name,
          configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
        },
      ],
      validateOnly: false,
    },
    { version },
  )
  return said(responses[0]!)
}

/** `value @source name=value@source ...` by the names that are asked for; null values are `null`. */
export async function described(
  broker: BrokerFixture,
  kind: Kind,
  name: string,
  keys: string[] | null = null,
): Promise<Record<string, string>> {
  const { results } = await broker.ask(
    describeConfigs,
    {
      resources: [{ resourceType: kinds[kind], resourceName: name, configurationKeys: keys }],
      includeSynonyms: true,
    },
    { version: 4 },
  )
  const { errorCode, configs } = results[0]!
  if (errorCode !== 'NONE') throw new Error(errorCode)
  return Object.fromEntries(
    configs.map((entry) => {
      const synonyms = entry.synonyms.map((one) => ` ${one.name}=${one.value}@${one.source}`)
      return [entry.name, `${entry.value} @${entry.configSource}${synonyms.join('')}`]
    }),
  )
}

function codeOf(kind: Kind | number): number {
  return typeof kind === 'number' ? kind : kinds[kind]
}

function said({ errorCode, errorMessage }: { errorCode: string; errorMessage: string | null }) {
  return errorMessage === null ? errorCode : `${errorCode} ${errorMessage}`
}
