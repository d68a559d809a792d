/**
 * Keys and values of `__share_group_state`: how far share groups have come (KIP-932).
 *
 * A key is an int16 record type and a body of version 0; a value is an int16 version and a body. What a partition's latest
 * snapshot says holds until the updates after it, of the same snapshot epoch, say otherwise.
 */

import { array, int8, int16, int32, int64, message, string, uuid } from '../../schema.ts'

/** All of the state of a group at a partition. */
export const ShareSnapshotKey = message({
  name: 'ShareSnapshotKey',
  apiKey: 0,
  versions: '0',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
})

const stateBatch = {
  firstOffset: int64(),
  lastOffset: int64(),
  deliveryState: int8(),
  deliveryCount: int16(),
}

/** `deliveryState` is 0 available, 2 acknowledged or 4 archived. `deliveryCompleteCount` came with KIP-1226. */
export const ShareSnapshotValue = message({
  name: 'ShareSnapshotValue',
  apiKey: 0,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32('0+', { default: -1, tag: 0, tagged: '0+' }),
    createTimestamp: int64(),
    writeTimestamp: int64(),
    stateBatches: array('0+', stateBatch),
  },
})

/** A change to the state of a group at a partition. */
export const ShareUpdateKey = message({
  name: 'ShareUpdateKey',
  apiKey: 1,
  versions: '0',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
})

/** `startOffset` is -1 when it has not changed. */
export const ShareUpdateValue = message({
  name: 'ShareUpdateValue',
  apiKey: 1,
  versions: '0',
  flexible: '0+',
  fields: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32('0+', { default: -1, tag: 0, tagged: '0+' }),
    stateBatches: array('0+', stateBatch),
  },
})
