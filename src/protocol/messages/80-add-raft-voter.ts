// AddRaftVoter (80): a controller becomes a voter of the quorum (KIP-853).
// v1 ackWhenCommitted (KIP-1186)

import { api, array, bool, errorCode, int32, string, uint16, uuid } from '../schema.ts'

export const AddRaftVoter = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: '0-1',
  flexible: '0+',
  request: {
    clusterId: string('0+', { nullable: '0+' }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array('0+', { name: string(), host: string(), port: uint16() }),
    ackWhenCommitted: bool('1+', { default: true }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
  },
})
