/**
 * Changes of configs that are refused, with what Apache Kafka 4.4 answers to them (listeners, threads and plug-ins in words
 * of our own). A line is `kind:name | changes | answer`. A change is `config=value`; `+=` appends, `-=` subtracts, `!` deletes,
 * `9=` is an operation that there is not, and NULL is no value.
 */

import type { OperationKind } from '../../../src/broker/config/config-operations.ts'
import { type Change, type Kind, kinds } from './altering.ts'

const TABLE = `
topic:u | retention.ms=1 | UNKNOWN_TOPIC_OR_PARTITION The topic 'u' does not exist.
topic:u | retention.ms=x | INVALID_CONFIG Invalid value x for configuration retention.ms: Not a number of type LONG
topic: | retention.ms=1 | INVALID_REQUEST Default topic resources are not allowed.
topic:__cluster_metadata | retention.ms=1 | UNKNOWN_TOPIC_OR_PARTITION The topic '__cluster_metadata' does not exist.
topic:__odradek_cluster | retention.ms=1 | UNKNOWN_TOPIC_OR_PARTITION The topic '__odradek_cluster' does not exist.
topic:t | nothing=1 | INVALID_CONFIG Unknown topic config name: nothing
topic:t | cleanup.policy=NULL; retention.ms=NULL | INVALID_REQUEST Null value not supported for : cleanup.policy, retention.ms
topic:t | cleanup.policy+=NULL | INVALID_REQUEST Null value not supported for : cleanup.policy
topic:t | retention.ms=1; retention.ms=2 | INVALID_REQUEST Error due to duplicate config keys
topic:t | retention.ms+=5 | INVALID_CONFIG Can't APPEND to key retention.ms because its type is not LIST.
topic:t | nothing-=5 | INVALID_CONFIG Can't SUBTRACT to key nothing because its type is not LIST.
topic:t | cleanup.policy+=burn | INVALID_CONFIG Invalid value burn for configuration cleanup.policy: String must be one of: compact, delete
topic:t | min.compaction.lag.ms=10; max.compaction.lag.ms=5 | INVALID_CONFIG conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)
topic:t | remote.storage.enable=true | INVALID_CONFIG Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.
topic:t | retention.ms9=1 | INVALID_REQUEST Unknown operations type 9
99:x | a=1 | INVALID_REQUEST Unknown resource type 99
-1:x | a=1 | INVALID_REQUEST Unknown resource type -1
broker:x | log.cleaner.backoff.ms=1 | INVALID_REQUEST Node id must be an integer, but it is: x
broker:2 | log.cleaner.backoff.ms=1 | INVALID_REQUEST Unexpected broker id, expected 1, but received 2
broker:1 | log.cleaner.backoff.ms=x | INVALID_REQUEST Invalid value x for configuration log.cleaner.backoff.ms: Not a number of type LONG
broker:1 | log.cleaner.backoff.ms=-5 | INVALID_REQUEST Invalid value -5 for configuration log.cleaner.backoff.ms: Value must be at least 0
broker:1 | log.cleaner.backoff.ms9=1 | INVALID_REQUEST Unknown operations type 9
broker:1 | num.partitions=3; broker.id=3 | INVALID_REQUEST Cannot update these configs dynamically: [num.partitions, broker.id]
broker: | auto.create.topics.enable=false | INVALID_REQUEST Cannot update these configs dynamically: [auto.create.topics.enable]
broker:1 | odradek.fetch.max.wait.ms=1 | INVALID_REQUEST Cannot update these configs dynamically: [odradek.fetch.max.wait.ms]
broker: | ssl.keystore.location=/x | INVALID_REQUEST These security configs can be dynamically updated only per-listener using the listener prefix: [ssl.keystore.location]
broker: | listener.name.plaintext.ssl.keystore.location=/x | INVALID_REQUEST Cannot update these configs at default cluster level, broker id must be specified: [listener.name.plaintext.ssl.keystore.location]
broker: | listeners=PLAINTEXT://:9999 | INVALID_REQUEST Cannot update these configs at default cluster level, broker id must be specified: [listeners]
broker:1 | listeners=PLAINTEXT://:9999 | INVALID_REQUEST Listeners cannot be added, removed or moved while the broker runs.
broker:1 | listeners=SSL://:9092 | INVALID_REQUEST Listener SSL wants SSL, which is not served yet: only PLAINTEXT is. Nothing is listened to rather than less securely.
broker:1 | num.io.threads=1000 | INVALID_REQUEST Dynamic thread count update validation failed for num.io.threads=1000, value should not be greater than double the current value 8
broker:1 | num.io.threads=1 | INVALID_REQUEST Dynamic thread count update validation failed for num.io.threads=1, value should be at least half the current value 8
broker:1 | log.cleaner.threads=100 | INVALID_REQUEST Log cleaner threads cannot be increased to more than double the current value 1
broker:1 | log.cleaner.threads=0 | INVALID_REQUEST Log cleaner threads should be at least 1
broker:1 | log.cleaner.dedupe.buffer.size=1 | INVALID_REQUEST log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.
broker:1 | min.insync.replicas=1 | INVALID_CONFIG Broker-level min.insync.replicas cannot be altered while ELR is enabled.
broker: | min.insync.replicas! | INVALID_CONFIG Cluster-level min.insync.replicas cannot be removed while ELR is enabled.
broker:1 | log.local.retention.ms=-1 | INVALID_REQUEST Invalid value -1 for configuration log.local.retention.ms: Value must not be -1 as log.retention.ms value is set as 604800000.
broker:1 | log.local.retention.ms=99999999999999 | INVALID_REQUEST Invalid value 99999999999999 for configuration log.local.retention.ms: Value must not be more than log.retention.ms property value: 604800000
broker:1 | log.retention.ms=0 | INVALID_REQUEST log.retention.ms must be unlimited (-1) or, greater than or equal to 1
broker:1 | log.retention.ms=5000; log.remote.copy.lag.ms=6000 | INVALID_REQUEST Invalid value 6000 for configuration log.remote.copy.lag.ms: Value must not exceed log.local.retention.ms (effective value: 5000)
broker: | log.retention.bytes=5000; log.local.retention.bytes=3000; log.remote.copy.lag.bytes=4000 | INVALID_REQUEST Invalid value 4000 for configuration log.remote.copy.lag.bytes: Value must not exceed log.local.retention.bytes (effective value: 3000)
broker:1 | log.roll.ms=0; log.retention.ms=0 | INVALID_REQUEST log.roll.ms must be greater than or equal to 1
broker: | log.roll.jitter.ms=-1 | INVALID_REQUEST log.roll.jitter.ms must be greater than or equal to 0
broker:1 | max.connections=0 | INVALID_REQUEST Invalid max.connections 0
broker: | max.connection.creation.rate=0 | INVALID_REQUEST Invalid max.connection.creation.rate 0
broker:1 | remote.log.reader.threads=1 | INVALID_REQUEST Dynamic thread count update validation failed for remote.log.reader.threads=1, value should be at least half the current value 10
broker:1 | ssl.engine.factory.class=x | INVALID_REQUEST Invalid value x for configuration ssl.engine.factory.class: Class x could not be found.
broker:1 | log.cleaner.backoff.ms+=1 | INVALID_CONFIG Config value append is not allowed for config key: log.cleaner.backoff.ms
broker:1 | nothing-=1 | INVALID_CONFIG Unknown config name: nothing
broker:1 | max.connections.per.ip=0 | INVALID_REQUEST max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.
broker:1 | leader.replication.throttled.rate=x | INVALID_REQUEST Invalid value x for configuration leader.replication.throttled.rate: Not a number of type LONG
broker:1 | cordoned.log.dirs=/x | INVALID_REQUEST All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : /x
broker:1 | principal.builder.class=x | INVALID_REQUEST Invalid value x for configuration principal.builder.class: Class x could not be found.
broker:1 | metric.reporters+=foo.Bar | INVALID_REQUEST Invalid value org.apache.kafka.common.metrics.JmxReporter,foo.Bar for configuration metric.reporters: Class foo.Bar could not be found.
logger:1 | root=LOUD | INVALID_CONFIG Cannot set the log level of root to LOUD as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN
logger:1 | foo.bar=DEBUG | INVALID_CONFIG Logger foo.bar does not exist!
logger:1 | root! | INVALID_REQUEST Removing the log level of the root logger is not allowed
logger:1 | root+=INFO | INVALID_REQUEST APPEND operation is not allowed for the BROKER_LOGGER resource
logger:1 | root9=INFO | INVALID_REQUEST Unknown operation type 9 is not allowed for the BROKER_LOGGER resource
logger: | root=INFO | INVALID_REQUEST Node id must be an integer, but it is: 
logger:2 | root=INFO | INVALID_REQUEST Unexpected node id. Expected 1, but received 2
metrics: | interval.ms=1000 | INVALID_REQUEST Subscription name can't be empty
metrics:s | nothing=1 | INVALID_REQUEST Unknown client metrics configuration: nothing
metrics:s | interval.ms=1 | INVALID_REQUEST Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)
metrics:s | interval.ms=x | INVALID_CONFIG Invalid value x for configuration interval.ms: Not a number of type INT
metrics:s | match=foo=bar | INVALID_CONFIG Illegal client matching pattern: foo=bar
metrics:s | match=client_id | INVALID_CONFIG Illegal client matching pattern: client_id
metrics:s | match=client_id=[ | INVALID_CONFIG Illegal client matching pattern: client_id=[
metrics:s | match=client_id=a=b | INVALID_CONFIG Illegal client matching pattern: client_id=a=b
metrics:s | metrics=a,,b | INVALID_CONFIG Configuration 'metrics' values must not be empty.
metrics:s | metrics+=a | INVALID_CONFIG Can't APPEND to key metrics because its type is not LIST.
group: | consumer.session.timeout.ms=50000 | INVALID_REQUEST Default group resources are not allowed.
group:g | nothing=1 | INVALID_CONFIG Unknown group config name: nothing
group:g | streams.rack.aware.assignment.tags+=a | INVALID_CONFIG Can't APPEND to key streams.rack.aware.assignment.tags because its type is not LIST.
group:g | share.session.timeout.ms=1; consumer.session.timeout.ms=1 | INVALID_CONFIG consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.
`

const OPERATIONS: Readonly<Record<string, OperationKind | number>> = {
  '': 'SET',
  '+': 'APPEND',
  '-': 'SUBTRACT',
  '9': 9,
}

function changeOf(text: string): Change {
  const [, config, mark, value] = /^([\w.]+?)([+9-]?)=(.*)$/.exec(text) ?? []
  if (config === undefined) return [text.replace('!', ''), null, 'DELETE']
  return [config, value === 'NULL' ? null : value!, OPERATIONS[mark!]!]
}

export interface ConfigRefusal {
  /** For the test's name. */
  what: string
  kind: Kind | number
  name: string
  changes: Change[]
  answer: string
}

export const configRefusals: readonly ConfigRefusal[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [resource, changes, answer] = line.split(' | ')
    const [kind, name] = resource!.split(':')
    return {
      what: `${resource} ${changes}`,
      kind: Object.hasOwn(kinds, kind!) ? (kind as Kind) : Number(kind),
      name: name!,
      changes: changes!.split('; ').map(changeOf),
      answer: answer!,
    }
  })
