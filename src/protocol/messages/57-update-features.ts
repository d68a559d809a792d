// UpdateFeatures (57): raises or lowers the finalized levels of features (KIP-584).
// v1 upgradeType (1 up, 2 safely down, 3 unsafely down) in place of allowDowngrade,
// validateOnly (KIP-778) - v2 one error for all

import { api, array, bool, errorCode, int8, int16, int32, string } from '../schema.ts'

export const UpdateFeatures = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: '0-2',
  flexible: '0+',
  request: {
    timeoutMs: int32('0+', { default: 60_000 }),
    featureUpdates: array('0+', {
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool('0', { default: false }),
      upgradeType: int8('1+', { default: 1 }),
    }),
    validateOnly: bool('1+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode(),
    errorMessage: string('0+', { nullable: '0+' }),
    results: array(
      '0-1',
      { feature: string(), errorCode: errorCode(), errorMessage: string('0+', { nullable: '0+' }) },
      { default: [], ignorable: true },
    ),
  },
})
