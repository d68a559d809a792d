// AlterClientQuotas (49): sets and removes quotas of users, client ids and addresses (KIP-546).
// An entity without a name is the default of its type.
// v1 flexible

import { api, array, bool, errorCode, float64, int32, string } from '../schema.ts'

const entityPart = {
  entityType: string(),
  entityName: string('0+', { nullable: '0+' }),
}

export const AlterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: '0-1',
  flexible: '1+',
  request: {
    entries: array('0+', {
      entity: array('0+', entityPart),
      ops: array('0+', { key: string(), value: float64(), remove: bool() }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    entries: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
      entity: array('0+', entityPart),
    }),
  },
})
