// DescribeClientQuotas (48): the quotas of users, client ids and addresses that match (KIP-546).
// A match is 0 the name given, 1 the default or 2 any.
// v1 flexible

import { api, array, bool, errorCode, float64, int8, int32, string } from '../schema.ts'

export const DescribeClientQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: '0-1',
  flexible: '1+',
  request: {
    components: array('0+', {
      entityType: string(),
      matchType: int8(),
      match: string('0+', { nullable: '0+' }),
    }),
    strict: bool(),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    entries: array(
      '0+',
      {
        entity: array('0+', { entityType: string(), entityName: string('0+', { nullable: '0+' }) }),
        values: array('0+', { key: string(), value: float64() }),
      },
      { nullable: '0+' },
    ),
  },
})
