/** What has configs, with Kafka's numbers of the kinds. */

export const TOPIC_RESOURCE = 2
export const BROKER_RESOURCE = 4
/** Levels of the broker's log: never stored. */
export const BROKER_LOGGER_RESOURCE = 8
/** Subscriptions to metrics of clients (KIP-714). */
export const CLIENT_METRICS_RESOURCE = 16
/** Groups of every kind but the classic one. */
export const GROUP_RESOURCE = 32

export type StoredResource =
  | typeof TOPIC_RESOURCE
  | typeof BROKER_RESOURCE
  | typeof CLIENT_METRICS_RESOURCE
  | typeof GROUP_RESOURCE

/** The broker resource without a name: what holds for every broker of which nothing else is said. */
export const EVERY_BROKER = ''
