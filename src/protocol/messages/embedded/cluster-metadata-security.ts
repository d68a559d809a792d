/** Records of `__cluster_metadata` about who may do what, and how much of it. */

import {
  array,
  bool,
  bytes,
  float64,
  int8,
  int32,
  int64,
  message,
  string,
  uuid,
} from '../../schema.ts'

/** An ACL is there. Types, operations and permissions are those of CreateAcls. */
export const AccessControlEntryRecord = message({
  name: 'AccessControlEntryRecord',
  apiKey: 18,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
})

/** An ACL is gone. */
export const RemoveAccessControlEntryRecord = message({
  name: 'RemoveAccessControlEntryRecord',
  apiKey: 19,
  versions: '0',
  flexible: '0+',
  fields: {
    id: uuid(),
  },
})

/** A user's SCRAM credential: a salt, the key that clients are checked with, the key that the broker proves itself with. */
export const UserScramCredentialRecord = message({
  name: 'UserScramCredentialRecord',
  apiKey: 11,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
})

/** A user has no such credential any more. */
export const RemoveUserScramCredentialRecord = message({
  name: 'RemoveUserScramCredentialRecord',
  apiKey: 22,
  versions: '0',
  flexible: '0+',
  fields: {
    name: string(),
    mechanism: int8(),
  },
})

/** A delegation token is there, or expires at another time. Its HMAC is not kept: it follows from the id and a secret. */
export const DelegationTokenRecord = message({
  name: 'DelegationTokenRecord',
  apiKey: 10,
  versions: '0',
  flexible: '0+',
  fields: {
    owner: string(),
    requester: string(),
    renewers: array('0+', string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
})

/** A delegation token is gone. */
export const RemoveDelegationTokenRecord = message({
  name: 'RemoveDelegationTokenRecord',
  apiKey: 26,
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: string(),
  },
})

/** A quota of users, client ids or addresses has a value, or is gone. A part without a name is the default of its type. */
export const ClientQuotaRecord = message({
  name: 'ClientQuotaRecord',
  apiKey: 14,
  versions: '0',
  flexible: '0+',
  fields: {
    entity: array('0+', { entityType: string(), entityName: string('0+', { nullable: '0+' }) }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
})
