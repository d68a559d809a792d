/** Kafka's error codes: number, name, whether a client may try again, and a text to send where nothing better is known. */

/** The texts of codes that Kafka itself sends to clients without further detail are Kafka's, to the letter. */
const rows = [
  [-1, 'UNKNOWN_SERVER_ERROR', 'final', 'The broker met an error that it has no code for.'],
  [0, 'NONE', 'final', 'No error.'],
  [1, 'OFFSET_OUT_OF_RANGE', 'final', 'The partition has no such offset.'],
  [2, 'CORRUPT_MESSAGE', 'retriable', 'The records are damaged or break the batch format.'],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION', 'retriable', 'This server does not host this topic-partition.'],
  [4, 'INVALID_FETCH_SIZE', 'final', 'The fetch size is not valid.'],
  [5, 'LEADER_NOT_AVAILABLE', 'retriable', 'The partition has no leader at the moment.'],
  [6, 'NOT_LEADER_OR_FOLLOWER', 'retriable', 'This broker does not serve this partition.'],
  [7, 'REQUEST_TIMED_OUT', 'retriable', 'The request ran out of time.'],
  [8, 'BROKER_NOT_AVAILABLE', 'final', 'The broker is not available.'],
  [9, 'REPLICA_NOT_AVAILABLE', 'retriable', 'The replica is not available here.'],
  [10, 'MESSAGE_TOO_LARGE', 'final', 'The record batch is larger than the topic allows.'],
  [11, 'STALE_CONTROLLER_EPOCH', 'final', 'Another controller has taken over.'],
  [12, 'OFFSET_METADATA_TOO_LARGE', 'final', 'The metadata of the committed offset is too long.'],
  [13, 'NETWORK_EXCEPTION', 'retriable', 'The connection broke before the answer.'],
  [14, 'COORDINATOR_LOAD_IN_PROGRESS', 'retriable', 'The coordinator is still loading.'],
  [15, 'COORDINATOR_NOT_AVAILABLE', 'retriable', 'There is no coordinator at the moment.'],
  [16, 'NOT_COORDINATOR', 'retriable', 'This broker does not coordinate that.'],
  [17, 'INVALID_TOPIC_EXCEPTION', 'final', 'The topic name is not valid, or not for this use.'],
  [18, 'RECORD_LIST_TOO_LARGE', 'final', 'The batch is larger than a segment may be.'],
  [19, 'NOT_ENOUGH_REPLICAS', 'retriable', 'Too few replicas are in sync to accept records.'],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'retriable', 'Written, but to too few replicas.'],
  [21, 'INVALID_REQUIRED_ACKS', 'final', 'acks is neither 0, 1 nor -1.'],
  [22, 'ILLEGAL_GENERATION', 'final', 'The group is in another generation.'],
  [23, 'INCONSISTENT_GROUP_PROTOCOL', 'final', 'The member has no protocol that the group shares.'],
  [24, 'INVALID_GROUP_ID', 'final', 'The group id is not valid.'],
  [25, 'UNKNOWN_MEMBER_ID', 'final', 'The group does not know this member.'],
  [
    26,
    'INVALID_SESSION_TIMEOUT',
    'final',
    'The session timeout lies outside of what the broker allows.',
  ],
  [27, 'REBALANCE_IN_PROGRESS', 'final', 'The group rebalances: join again.'],
  [28, 'INVALID_COMMIT_OFFSET_SIZE', 'final', 'The commit is too large to be stored.'],
  [29, 'TOPIC_AUTHORIZATION_FAILED', 'final', 'Not authorized for this topic.'],
  [30, 'GROUP_AUTHORIZATION_FAILED', 'final', 'Not authorized for this group.'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED', 'final', 'Not authorized for this cluster operation.'],
  [32, 'INVALID_TIMESTAMP', 'final', 'The timestamp of a record is out of range.'],
  [33, 'UNSUPPORTED_SASL_MECHANISM', 'final', 'This listener does not offer that SASL mechanism.'],
  [34, 'ILLEGAL_SASL_STATE', 'final', 'The request does not fit the state of authentication.'],
  [35, 'UNSUPPORTED_VERSION', 'final', 'The broker does not serve this version of the API.'],
  [36, 'TOPIC_ALREADY_EXISTS', 'final', 'A topic of this name is already there.'],
  [37, 'INVALID_PARTITIONS', 'final', 'The number of partitions is not valid.'],
  [38, 'INVALID_REPLICATION_FACTOR', 'final', 'The replication factor cannot be had here.'],
  [39, 'INVALID_REPLICA_ASSIGNMENT', 'final', 'The replica assignment is not valid.'],
  [40, 'INVALID_CONFIG', 'final', 'The configuration is not valid.'],
  [41, 'NOT_CONTROLLER', 'retriable', 'This broker is not the controller.'],
  [
    42,
    'INVALID_REQUEST',
    'final',
    'This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.',
  ],
  [
    43,
    'UNSUPPORTED_FOR_MESSAGE_FORMAT',
    'final',
    'The stored record format does not support this.',
  ],
  [44, 'POLICY_VIOLATION', 'final', 'A policy of the broker forbids this.'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'final', 'The sequence leaves a gap to what came before.'],
  [46, 'DUPLICATE_SEQUENCE_NUMBER', 'final', 'The sequence was already used.'],
  [47, 'INVALID_PRODUCER_EPOCH', 'final', 'The producer epoch is an old one.'],
  [48, 'INVALID_TXN_STATE', 'final', 'The transaction is not in a state that allows this.'],
  [
    49,
    'INVALID_PRODUCER_ID_MAPPING',
    'final',
    'The producer id is not that of the transactional id.',
  ],
  [50, 'INVALID_TRANSACTION_TIMEOUT', 'final', 'The transaction timeout is longer than allowed.'],
  [51, 'CONCURRENT_TRANSACTIONS', 'retriable', 'The last transaction is still being ended.'],
  [
    52,
    'TRANSACTION_COORDINATOR_FENCED',
    'final',
    'Another transaction coordinator has taken over.',
  ],
  [
    53,
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'final',
    'Not authorized for this transactional id.',
  ],
  [54, 'SECURITY_DISABLED', 'final', 'No authorizer is configured.'],
  [
    55,
    'OPERATION_NOT_ATTEMPTED',
    'final',
    'Not tried, because another part of the request failed.',
  ],
  [56, 'KAFKA_STORAGE_ERROR', 'retriable', 'The log could not be read or written.'],
  [57, 'LOG_DIR_NOT_FOUND', 'final', 'There is no such log directory.'],
  [58, 'SASL_AUTHENTICATION_FAILED', 'final', 'Authentication failed.'],
  [59, 'UNKNOWN_PRODUCER_ID', 'final', 'The partition does not know this producer id.'],
  [60, 'REASSIGNMENT_IN_PROGRESS', 'final', 'The partition is being reassigned.'],
  [61, 'DELEGATION_TOKEN_AUTH_DISABLED', 'final', 'Delegation tokens are not enabled.'],
  [62, 'DELEGATION_TOKEN_NOT_FOUND', 'final', 'There is no such delegation token.'],
  [
    63,
    'DELEGATION_TOKEN_OWNER_MISMATCH',
    'final',
    'The delegation token belongs to somebody else.',
  ],
  [
    64,
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    'final',
    'Not allowed over this kind of connection.',
  ],
  [
    65,
    'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
    'final',
    'Not authorized for this delegation token.',
  ],
  [66, 'DELEGATION_TOKEN_EXPIRED', 'final', 'The delegation token has expired.'],
  [67, 'INVALID_PRINCIPAL_TYPE', 'final', 'The type of principal is not supported.'],
  [68, 'NON_EMPTY_GROUP', 'final', 'The group still has members.'],
  [69, 'GROUP_ID_NOT_FOUND', 'final', 'There is no group of this id.'],
  [70, 'FETCH_SESSION_ID_NOT_FOUND', 'retriable', 'There is no fetch session of this id.'],
  [71, 'INVALID_FETCH_SESSION_EPOCH', 'retriable', 'The fetch session is in another epoch.'],
  [72, 'LISTENER_NOT_FOUND', 'retriable', 'The leader has no listener of this name.'],
  [73, 'TOPIC_DELETION_DISABLED', 'final', 'The broker is configured not to delete topics.'],
  [74, 'FENCED_LEADER_EPOCH', 'retriable', 'The leader epoch is older than the broker knows.'],
  [75, 'UNKNOWN_LEADER_EPOCH', 'retriable', 'The leader epoch is newer than the broker knows.'],
  [76, 'UNSUPPORTED_COMPRESSION_TYPE', 'final', 'The client cannot read this compression.'],
  [77, 'STALE_BROKER_EPOCH', 'final', 'The broker epoch is an old one.'],
  [78, 'OFFSET_NOT_AVAILABLE', 'retriable', 'The new leader does not know its high watermark yet.'],
  [79, 'MEMBER_ID_REQUIRED', 'final', 'Join again with the member id of this answer.'],
  [80, 'PREFERRED_LEADER_NOT_AVAILABLE', 'retriable', 'The preferred leader is not available.'],
  [81, 'GROUP_MAX_SIZE_REACHED', 'final', 'The group has as many members as it may have.'],
  [82, 'FENCED_INSTANCE_ID', 'final', 'Another member has taken over this group instance id.'],
  [83, 'ELIGIBLE_LEADERS_NOT_AVAILABLE', 'retriable', 'No replica that may lead is available.'],
  [84, 'ELECTION_NOT_NEEDED', 'retriable', 'The partition has the leader that it should have.'],
  [85, 'NO_REASSIGNMENT_IN_PROGRESS', 'final', 'The partition is not being reassigned.'],
  [86, 'GROUP_SUBSCRIBED_TO_TOPIC', 'final', 'The group is still subscribed to the topic.'],
  [87, 'INVALID_RECORD', 'final', 'A record of the batch is not acceptable.'],
  [88, 'UNSTABLE_OFFSET_COMMIT', 'retriable', 'A transaction has yet to decide on these offsets.'],
  [89, 'THROTTLING_QUOTA_EXCEEDED', 'retriable', 'The quota is used up for now.'],
  [90, 'PRODUCER_FENCED', 'final', 'A newer producer has this transactional id.'],
  [91, 'RESOURCE_NOT_FOUND', 'final', 'There is no such resource.'],
  [92, 'DUPLICATE_RESOURCE', 'final', 'The same resource is named twice.'],
  [93, 'UNACCEPTABLE_CREDENTIAL', 'final', 'The credential is not acceptable.'],
  [94, 'INCONSISTENT_VOTER_SET', 'final', 'The voters are not those that the quorum knows.'],
  [95, 'INVALID_UPDATE_VERSION', 'final', 'The version to update is not the current one.'],
  [96, 'FEATURE_UPDATE_FAILED', 'final', 'The features could not be updated.'],
  [97, 'PRINCIPAL_DESERIALIZATION_FAILURE', 'final', 'A forwarded principal could not be read.'],
  [98, 'SNAPSHOT_NOT_FOUND', 'final', 'There is no such snapshot.'],
  [99, 'POSITION_OUT_OF_RANGE', 'final', 'The position lies outside of the snapshot.'],
  [100, 'UNKNOWN_TOPIC_ID', 'retriable', 'This server does not host this topic ID.'],
  [101, 'DUPLICATE_BROKER_REGISTRATION', 'final', 'A broker with this id is already registered.'],
  [102, 'BROKER_ID_NOT_REGISTERED', 'final', 'No broker with this id is registered.'],
  [103, 'INCONSISTENT_TOPIC_ID', 'retriable', 'The log has another topic id than the request.'],
  [104, 'INCONSISTENT_CLUSTER_ID', 'final', 'The request is meant for another cluster.'],
  [105, 'TRANSACTIONAL_ID_NOT_FOUND', 'final', 'There is no such transactional id.'],
  [
    106,
    'FETCH_SESSION_TOPIC_ID_ERROR',
    'retriable',
    'The fetch session changed its use of topic ids.',
  ],
  [107, 'INELIGIBLE_REPLICA', 'final', 'The replica may not join those in sync.'],
  [108, 'NEW_LEADER_ELECTED', 'final', 'The change made another replica the leader.'],
  [109, 'OFFSET_MOVED_TO_TIERED_STORAGE', 'final', 'The offset is in tiered storage only.'],
  [110, 'FENCED_MEMBER_EPOCH', 'final', 'The member epoch is fenced: join again.'],
  [111, 'UNRELEASED_INSTANCE_ID', 'final', 'Another member still holds this group instance id.'],
  [112, 'UNSUPPORTED_ASSIGNOR', 'final', 'The group has no such assignor.'],
  [113, 'STALE_MEMBER_EPOCH', 'final', 'The member epoch is stale: take the next one and retry.'],
  [114, 'MISMATCHED_ENDPOINT_TYPE', 'final', 'The request went to the wrong kind of endpoint.'],
  [115, 'UNSUPPORTED_ENDPOINT_TYPE', 'final', 'There is no such kind of endpoint.'],
  [116, 'UNKNOWN_CONTROLLER_ID', 'final', 'There is no controller with this id.'],
  [117, 'UNKNOWN_SUBSCRIPTION_ID', 'final', 'The metrics subscription is not the current one.'],
  [118, 'TELEMETRY_TOO_LARGE', 'final', 'The client sent more metrics than allowed.'],
  [119, 'INVALID_REGISTRATION', 'final', 'The controller finds the registration not valid.'],
  [120, 'TRANSACTION_ABORTABLE', 'final', 'The transaction cannot go on but can be aborted.'],
  [121, 'INVALID_RECORD_STATE', 'final', 'The record is not in a state that can be acknowledged.'],
  [122, 'SHARE_SESSION_NOT_FOUND', 'retriable', 'There is no such share session.'],
  [123, 'INVALID_SHARE_SESSION_EPOCH', 'retriable', 'The share session is in another epoch.'],
  [124, 'FENCED_STATE_EPOCH', 'final', 'The share coordinator knows a newer state epoch.'],
  [125, 'INVALID_VOTER_KEY', 'final', 'The voter key is not that of the receiving replica.'],
  [126, 'DUPLICATE_VOTER', 'final', 'The voter is already one of the quorum.'],
  [127, 'VOTER_NOT_FOUND', 'final', 'The quorum has no such voter.'],
  [128, 'INVALID_REGULAR_EXPRESSION', 'final', 'The regular expression is not valid.'],
  [129, 'REBOOTSTRAP_REQUIRED', 'final', 'Connect anew by way of the bootstrap addresses.'],
  [130, 'STREAMS_INVALID_TOPOLOGY', 'final', 'The topology is not valid.'],
  [131, 'STREAMS_INVALID_TOPOLOGY_EPOCH', 'final', 'The topology epoch is not valid.'],
  [132, 'STREAMS_TOPOLOGY_FENCED', 'final', 'The topology epoch is an old one.'],
  [133, 'SHARE_SESSION_LIMIT_REACHED', 'retriable', 'There are as many share sessions as allowed.'],
  [134, 'GROUP_DELETION_FAILED', 'final', 'The group could not be deleted.'],
  [135, 'STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED', 'final', 'The topology was not stored.'],
  [136, 'CONTROLLER_ID_NOT_REGISTERED', 'final', 'No controller with this id is registered.'],
] as const

export type ErrorName = (typeof rows)[number][1]

export interface ErrorRow {
  readonly code: number
  readonly name: ErrorName
  /** Whether a client may send the same again. */
  readonly retriable: boolean
  readonly text: string
}

/** Every error of Kafka 4.4, by ascending code. */
export const errors: readonly ErrorRow[] = rows.map(([code, name, kind, text]) => ({
  code,
  name,
  retriable: kind === 'retriable',
  text,
}))

const byName = new Map(errors.map((row) => [row.name, row]))
/** Codes are dense and begin at -1. */
const names = errors.map(({ name }) => name)

export function errorCodeOf(name: ErrorName): number {
  const row = byName.get(name)
  if (row === undefined) throw new TypeError(`"${name}" is not the name of an error.`)
  return row.code
}

/** A code that we do not know is an UNKNOWN_SERVER_ERROR, as it is to Kafka's own clients. */
export function errorNameOf(code: number): ErrorName {
  return names[code + 1] ?? 'UNKNOWN_SERVER_ERROR'
}

export function isRetriable(name: ErrorName): boolean {
  return byName.get(name)?.retriable ?? false
}

/** What to say where an answer wants a text and nothing better is known. */
export function defaultText(name: ErrorName): string {
  return byName.get(name)?.text ?? ''
}

/** The peer breaks the wire: its connection is of no use any more and is closed. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
}
