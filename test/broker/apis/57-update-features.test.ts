import { beforeEach, expect, it } from 'vitest'
import { handlers } from '../../../src/broker/apis/index.ts'
import { updateFeatures } from '../../../src/broker/apis/57-update-features.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'
import { denying, versions } from './group-client.ts'

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker({ values: { 'node.id': 5 } })
})

function update(
  feature: string,
  maxVersionLevel: number,
  { version = 2, upgradeType = 1, authorized = denying('') } = {},
) {
  const type = version === 0 ? { allowDowngrade: upgradeType > 1 } : { upgradeType }
  const featureUpdates = [{ feature, maxVersionLevel, ...type }]
  return broker.ask(
    updateFeatures(() => handlers),
    { featureUpdates },
    { version, authorized },
  )
}

it.each(versions(0, 2))(
  'UpdateFeatures v%i takes the level that a feature has',
  async (version) => {
    const answer = await update('metadata.version', 33, { version })
    expect(answer).toMatchObject({ errorCode: 'NONE', errorMessage: null })
    const result = { feature: 'metadata.version', errorCode: 'NONE', errorMessage: 'NONE' }
    expect(answer.results).toEqual(version < 2 ? [result] : [])
  },
)

it.each([
  ['no.such', 1, 1, 'Local controller 5 does not support this feature.'],
  ['metadata.version', 99, 1, 'Local controller 5 only supports versions 7-33'],
  ['metadata.version', 3, 2, 'Local controller 5 only supports versions 7-33'],
  ['metadata.version', -1, 1, 'A feature version cannot be less than 0.'],
  ['metadata.version', 33, 9, 'The controller does not support the given upgrade type.'],
  [
    'metadata.version',
    32,
    1,
    "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
  ],
  ['metadata.version', 0, 2, 'Local controller 5 only supports versions 7-33'],
  [
    'eligible.leader.replicas.version',
    0,
    2,
    'This broker serves every feature at its highest level alone.',
  ],
])('%s at level %i by upgrade type %i: %s', async (feature, level, upgradeType, reason) => {
  expect(await update(feature, level, { upgradeType })).toMatchObject({
    errorCode: 'INVALID_UPDATE_VERSION',
    errorMessage: `The update failed for all features since the following feature had an error: Invalid update version ${level} for feature ${feature}. ${reason}`,
  })
})

it.each([
  [2, 'Refusing to perform the requested downgrade because it might delete metadata information.'],
  [3, 'Unsafe metadata downgrade is not supported in this version.'],
])('metadata.version at a lower level by upgrade type %i: %s', async (upgradeType, reason) => {
  expect(await update('metadata.version', 32, { upgradeType })).toMatchObject({
    errorCode: 'INVALID_UPDATE_VERSION',
    errorMessage: `The update failed for all features since the following feature had an error: Unsupported metadata.version downgrade from 33 to 32. ${reason}`,
  })
})

it('UpdateFeatures is for those alone who may alter the cluster', async () => {
  const authorized = denying('ALTER CLUSTER kafka-cluster')
  expect(await update('metadata.version', 33, { authorized })).toMatchObject({
    errorCode: 'CLUSTER_AUTHORIZATION_FAILED',
  })
})
