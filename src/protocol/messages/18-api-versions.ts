// ApiVersions (18): what the broker serves: a client's first question.
// v1 throttleTimeMs - v3 flexible, client software (KIP-511), features (KIP-584) -
// v4 features from 0 - v5 the expected cluster and node (KIP-1242).
// The header of the response is v0 in all versions, so that a client can read it before it knows the
// broker.

import { api, array, bool, errorCode, int16, int32, int64, string } from '../schema.ts'

export const ApiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: '0-5',
  flexible: '3+',
  request: {
    clientSoftwareName: string('3+', { default: '', ignorable: true }),
    clientSoftwareVersion: string('3+', { default: '', ignorable: true }),
    clusterId: string('5+', { nullable: '5+', default: null, ignorable: true }),
    nodeId: int32('5+', { default: -1, ignorable: true }),
  },
  response: {
    errorCode: errorCode(),
    apiKeys: array('0+', { apiKey: int16(), minVersion: int16(), maxVersion: int16() }),
    throttleTimeMs: int32('1+', { default: 0, ignorable: true }),
    supportedFeatures: array(
      '3+',
      { name: string(), minVersion: int16(), maxVersion: int16() },
      { default: [], tag: 0, tagged: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: int64('3+', { default: -1n, tag: 1, tagged: '3+', ignorable: true }),
    finalizedFeatures: array(
      '3+',
      { name: string(), maxVersionLevel: int16(), minVersionLevel: int16() },
      { default: [], tag: 2, tagged: '3+', ignorable: true },
    ),
    zkMigrationReady: bool('3+', { default: false, tag: 3, tagged: '3+', ignorable: true }),
  },
})
