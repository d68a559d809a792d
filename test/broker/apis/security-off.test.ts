import { beforeEach, describe, expect, it } from 'vitest'
import { saslHandshake } from '../../../src/broker/apis/17-sasl-handshake.ts'
import { describeAcls } from '../../../src/broker/apis/29-describe-acls.ts'
import { createAcls } from '../../../src/broker/apis/30-create-acls.ts'
import { deleteAcls } from '../../../src/broker/apis/31-delete-acls.ts'
import { saslAuthenticate } from '../../../src/broker/apis/36-sasl-authenticate.ts'
import { createDelegationToken } from '../../../src/broker/apis/38-create-delegation-token.ts'
import { renewDelegationToken } from '../../../src/broker/apis/39-renew-delegation-token.ts'
import { expireDelegationToken } from '../../../src/broker/apis/40-expire-delegation-token.ts'
import { describeDelegationToken } from '../../../src/broker/apis/41-describe-delegation-token.ts'
import { type BrokerFixture, openBroker } from '../fixture.ts'
import { versions } from './group-client.ts'

const ANYTHING = { operation: 1, permissionType: 1 }
const FILTER = {
  resourceTypeFilter: 2,
  resourceNameFilter: null,
  principalFilter: null,
  hostFilter: null,
  ...ANYTHING,
}

let broker: BrokerFixture

beforeEach(async () => {
  broker = await openBroker()
})

describe('without an authorizer', () => {
  it.each(versions(0, 3))('ACLs can neither be seen, made nor ended (v%i)', async (version) => {
    expect(await broker.ask(describeAcls, FILTER, { version })).toMatchObject({
      errorCode: 'SECURITY_DISABLED',
      errorMessage: 'No Authorizer is configured on the broker',
      resources: [],
    })
    const refused = {
      errorCode: 'SECURITY_DISABLED',
      errorMessage: 'No Authorizer is configured.',
    }
    const acl = { resourceType: 2, resourceName: 't', principal: 'User:a', host: '*', ...ANYTHING }
    const made = await broker.ask(createAcls, { creations: [acl, acl] }, { version })
    expect(made.results).toEqual([refused, refused])
    const ended = await broker.ask(deleteAcls, { filters: [FILTER] }, { version })
    expect(ended.filterResults).toEqual([{ ...refused, matchingAcls: [] }])
  })
})

describe('on a listener without SASL', () => {
  it('authentication has no place', async () => {
    const handshake = { mechanism: 'PLAIN' }
    expect(await broker.ask(saslHandshake, handshake, { version: 1 })).toEqual({
      errorCode: 'ILLEGAL_SASL_STATE',
      mechanisms: [],
    })
    const token = { authBytes: Buffer.from('\0user\0password') }
    expect(await broker.ask(saslAuthenticate, token, { version: 2 })).toMatchObject({
      errorCode: 'ILLEGAL_SASL_STATE',
      errorMessage: 'SaslAuthenticate request received after successful authentication',
      authBytes: Buffer.alloc(0),
    })
  })

  it.each(versions(0, 3))('delegation tokens are not to be had (v%i)', async (version) => {
    const errorCode = 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED'
    const client = { principal: 'User:a:b' }
    const wish = { renewers: [], maxLifetimeMs: 1000 }
    expect(await broker.ask(createDelegationToken, wish, { version, client })).toMatchObject({
      errorCode,
      principalType: 'User',
      principalName: 'a:b',
      tokenRequesterPrincipalName: version < 3 ? '' : 'a:b',
      issueTimestampMs: -1n,
      expiryTimestampMs: -1n,
      maxTimestampMs: -1n,
      hmac: Buffer.alloc(0),
    })
    const hmac = Buffer.from('x')
    const refused = { errorCode, expiryTimestampMs: -1n }
    const older = { version: Math.min(version, 2) }
    expect(await broker.ask(renewDelegationToken, { hmac, renewPeriodMs: 1 }, older)).toMatchObject(
      refused,
    )
    expect(
      await broker.ask(expireDelegationToken, { hmac, expiryTimePeriodMs: 1 }, older),
    ).toMatchObject(refused)
    expect(await broker.ask(describeDelegationToken, { owners: null }, { version })).toMatchObject({
      errorCode,
      tokens: [],
    })
  })
})
