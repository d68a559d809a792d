/** Why an API, or versions of one, that a Kafka 4.4 broker shows its clients are not served yet. */

const transactions = 'comes with transactions'
const quotas = 'comes with quotas'
const scram = 'comes with SASL'
const consumerGroups = 'comes with the consumer groups of KIP-848'
const shareGroups = 'comes with share groups'
const shareState = 'comes with share groups: brokers speak it among themselves'
const streamsGroups = 'comes with streams groups'
const quorum = 'there is no controller quorum to change: one node is broker and controller'

/** By API key. */
export const absences: Readonly<Record<number, string>> = {
  24: transactions,
  25: transactions,
  26: transactions,
  27: transactions,
  28: transactions,
  48: quotas,
  49: quotas,
  50: scram,
  51: scram,
  65: transactions,
  66: transactions,
  68: consumerGroups,
  69: consumerGroups,
  76: shareGroups,
  77: shareGroups,
  78: shareGroups,
  79: shareGroups,
  80: quorum,
  81: quorum,
  83: shareState,
  84: shareState,
  85: shareState,
  86: shareState,
  87: shareState,
  88: streamsGroups,
  89: streamsGroups,
  90: shareGroups,
  91: shareGroups,
  92: shareGroups,
  93: streamsGroups,
  94: quorum,
}
