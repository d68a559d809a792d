// FindCoordinator (10): the broker that coordinates a group, a transactional id or a share partition.
// v1 keyType (0 group, 1 transaction), errorMessage - v3 flexible - v4 many keys (KIP-699) -
// v5 TRANSACTION_ABORTABLE (KIP-890) - v6 keyType 2 = share (KIP-932)

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const FindCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: '0-6',
  flexible: '3+',
  request: {
    key: string('0-3', { default: '' }),
    keyType: int8('1+', { default: 0 }),
    coordinatorKeys: array('4+', string(), { default: [] }),
  },
  response: {
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    errorCode: errorCode('0-3', { default: 'NONE' }),
    errorMessage: string('1-3', { nullable: '1-3', default: '', ignorable: true }),
    nodeId: int32('0-3', { default: 0 }),
    host: string('0-3', { default: '' }),
    port: int32('0-3', { default: 0 }),
    coordinators: array(
      '4+',
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: errorCode(),
        errorMessage: string('0+', { nullable: '0+', ignorable: true }),
      },
      { default: [] },
    ),
  },
})
