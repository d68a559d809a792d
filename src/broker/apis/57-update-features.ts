/** UpdateFeatures: features are finalized at their highest level, and stay there (KIP-584). */

import { UpdateFeatures } from '../../protocol/messages/57-update-features.ts'
import type { RequestOf } from '../../protocol/schema.ts'
import { requireCluster } from '../cluster/authorized-operations.ts'
import { type Feature, featuresOf } from '../features.ts'
import { type AnyHandler, type Handler, handler } from '../handler.ts'
import { KafkaError } from '../kafka-error.ts'

type Update = RequestOf<typeof UpdateFeatures>['featureUpdates'][number]

const UPGRADE = 1
const UNSAFE_DOWNGRADE = 3
const METADATA_VERSION = 'metadata.version'
const ALL_FAILED = 'The update failed for all features since the following feature had an error: '

/** `list` is asked at each request: the list of handlers contains the one that is made here. */
export function updateFeatures(list: () => readonly AnyHandler[]): Handler<typeof UpdateFeatures> {
  return handler<typeof UpdateFeatures>({
    api: UpdateFeatures,
    versions: '0-2',
    handle({ featureUpdates }, { authorized, cluster }) {
      requireCluster(authorized, 'ALTER')
      const features = featuresOf(list())
      for (const update of featureUpdates) {
        const reason = refusal(update, features, cluster.nodeId)
        if (reason === undefined) continue
        throw new KafkaError('INVALID_UPDATE_VERSION', ALL_FAILED + reason)
      }
      return {
        errorCode: 'NONE',
        errorMessage: null,
        results: featureUpdates.map(({ feature }) => ({
          feature,
          errorCode: 'NONE',
          // Kafka says it so, once more.
          errorMessage: 'NONE',
        })),
      }
    },
    fail: (_request, errorCode, errorMessage) => ({ errorCode, errorMessage, results: [] }),
  })
}

/** Why a feature cannot get this level, in Kafka's words where it has any; undefined where it has it already. */
function refusal(update: Update, features: readonly Feature[], nodeId: number): string | undefined {
  const { feature: name, maxVersionLevel: level } = update
  const upgradeType = update.allowDowngrade ? UPGRADE + 1 : update.upgradeType
  const invalid = (reason: string) =>
    `Invalid update version ${level} for feature ${name}. ${reason}`
  if (upgradeType < UPGRADE || upgradeType > UNSAFE_DOWNGRADE) {
    return invalid('The controller does not support the given upgrade type.')
  }
  if (level < 0) return invalid('A feature version cannot be less than 0.')
  const feature = features.find((one) => one.name === name)
  if (!feature) return invalid(`Local controller ${nodeId} does not support this feature.`)
  const { min, max } = feature
  const isOff = level === 0 && name !== METADATA_VERSION
  if (level > max || (level < min && !isOff)) {
    return invalid(`Local controller ${nodeId} only supports versions ${min}-${max}`)
  }
  if (level === max) return undefined
  if (upgradeType === UPGRADE) {
    return invalid(
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.",
    )
  }
  if (name !== METADATA_VERSION) {
    return invalid('This broker serves every feature at its highest level alone.')
  }
  const downgrade = `Unsupported ${METADATA_VERSION} downgrade from ${max} to ${level}.`
  return upgradeType === UNSAFE_DOWNGRADE
    ? `${downgrade} Unsafe metadata downgrade is not supported in this version.`
    : `${downgrade} Refusing to perform the requested downgrade because it might delete metadata information.`
}
