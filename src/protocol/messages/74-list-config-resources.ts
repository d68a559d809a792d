// ListConfigResources (74): the resources that have configs of their own.
// v0 client metrics alone, as ListClientMetricsResources (KIP-714) - v1 resourceTypes (KIP-1142)

import { api, array, errorCode, int8, int32, string } from '../schema.ts'

export const ListConfigResources = api({
  key: 74,
  name: 'ListConfigResources',
  versions: '0-1',
  flexible: '0+',
  request: {
    resourceTypes: array('1+', int8(), { default: [] }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    configResources: array('0+', {
      resourceName: string(),
      resourceType: int8('1+', { default: 16, ignorable: true }),
    }),
  },
})
