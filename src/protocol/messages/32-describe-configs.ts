// DescribeConfigs (32): configs of topics, brokers and groups, and where their values come from.
// v1 configSource and synonyms in place of isDefault (KIP-226) - v3 type and documentation (KIP-569) -
// v4 flexible

import { api, array, bool, errorCode, int8, int32, string } from '../schema.ts'

export const DescribeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: '0-4',
  flexible: '4+',
  request: {
    resources: array('0+', {
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array('0+', string(), { nullable: '0+' }),
    }),
    includeSynonyms: bool('1+', { default: false }),
    includeDocumentation: bool('3+', { default: false }),
  },
  response: {
    throttleTimeMs: int32('0+', { default: 0 }),
    results: array('0+', {
      errorCode: errorCode(),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
      configs: array('0+', {
        name: string(),
        value: string('0+', { nullable: '0+' }),
        readOnly: bool(),
        isDefault: bool('0', { default: false }),
        configSource: int8('1+', { default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: array(
          '1+',
          {
            name: string(),
            value: string('0+', { nullable: '0+' }),
            source: int8(),
          },
          { default: [], ignorable: true },
        ),
        configType: int8('3+', { default: 0, ignorable: true }),
        documentation: string('3+', { nullable: '3+', default: '', ignorable: true }),
      }),
    }),
  },
})
