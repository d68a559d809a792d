/**
 * Keys and values of control records, which logs hold beside those of clients.
 *
 * A key is an int16 version and its type. The value of a transaction's marker is an int16 version and a body; the values of
 * a controller quorum have the version in them, as their first field.
 */

import {
  array,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uint16,
  uuid,
  ZERO_UUID,
} from '../../schema.ts'

/** The key: 0 abort, 1 commit, 2 leader change, 3 snapshot header, 4 snapshot footer, 5 KRaft version, 6 voters. */
export const ControlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  versions: '0',
  fields: {
    type: int16(),
  },
})

/** The value of an abort or a commit (KIP-98). */
export const EndTxnMarker = message({
  name: 'EndTxnMarker',
  versions: '0',
  fields: {
    coordinatorEpoch: int32(),
  },
})

const voter = {
  voterId: int32(),
  voterDirectoryId: uuid('1+', { default: ZERO_UUID }),
}

/** Who leads the quorum, and who voted for it (KIP-595). v1 directory ids (KIP-853) */
export const LeaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: array('0+', voter),
    grantingVoters: array('0+', voter),
  },
})

/** The first record of a snapshot (KIP-630). */
export const SnapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
})

/** The last record of a snapshot (KIP-630). */
export const SnapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
  },
})

/** Which version of its protocol the quorum speaks (KIP-853). */
export const KRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
})

/** The voters of the quorum, and where they are (KIP-853). */
export const VotersRecord = message({
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    voters: array('0+', {
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array('0+', { name: string(), host: string(), port: uint16() }),
      kRaftVersionFeature: struct('0+', {
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
})
