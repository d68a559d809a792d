/**
 * What precedes a body inside of records, files and group protocols, and so says how it is to be read.
 *
 * - keys of the coordinators' topics: int16 record type, then version 0 of the body
 * - their values, the consumer protocol, control records of transactions, entries of producer snapshots and transaction
 *   indexes, principals: int16 version, then the body
 * - the cluster's own records and those of tiered storage: uvarint 1 (the form of this prefix), uvarint record type, uvarint
 *   version, then the body
 *
 * Reading throws a ProtocolViolation where the bytes are no such thing, and gives undefined for a type or version that is
 * not known here.
 */

import { codecOf } from '../../compile.ts'
import { ProtocolViolation } from '../../errors.ts'
import { Reader } from '../../reader.ts'
import type { Message, MessageInput, MessageOf } from '../../schema.ts'
import { hasVersion } from '../../versions.ts'
import { Writer } from '../../writer.ts'

const METADATA_FORM = 1

/** A key: int16 record type, then version 0 of the body. */
export function encodeKey<M extends Message>(message: M, key: MessageInput<M>): Buffer {
  return encodePrefixed(message, 0, key, (writer) => writer.int16(typeOf(message)))
}

/** The record type that a key begins with. */
export function keyTypeOf(key: Buffer): number {
  return new Reader(key).int16()
}

/** A key of a type that is already known. */
export function decodeKey<M extends Message>(message: M, key: Buffer): MessageOf<M> {
  const reader = new Reader(key)
  const type = reader.int16()
  if (type !== message.apiKey) {
    throw new ProtocolViolation(`A key of type ${type} is no ${message.name}.`)
  }
  return codecOf(message, 0).decode(reader)
}

/** int16 version, then the body. */
export function encodeVersioned<M extends Message>(
  message: M,
  version: number,
  value: MessageInput<M>,
): Buffer {
  return encodePrefixed(message, version, value, (writer) => writer.int16(version))
}

export function decodeVersioned<M extends Message>(
  message: M,
  buffer: Buffer,
): MessageOf<M> | undefined {
  const reader = new Reader(buffer)
  const version = reader.int16()
  if (!hasVersion(message.versions, version)) return undefined
  return codecOf(message, version).decode(reader)
}

/** The same where a version newer than ours begins like our newest. Bytes after it are left alone. */
export function decodeVersionedLeniently<M extends Message>(
  message: M,
  buffer: Buffer,
): MessageOf<M> {
  const reader = new Reader(buffer)
  const version = reader.int16()
  if (version < message.versions.min) {
    throw new ProtocolViolation(`${message.name} has no version ${version}.`)
  }
  return codecOf(message, Math.min(version, message.versions.max)).decode(reader)
}

export function encodeMetadataRecord<M extends Message>(
  message: M,
  version: number,
  value: MessageInput<M>,
): Buffer {
  return encodePrefixed(message, version, value, (writer) => {
    writer.uvarint(METADATA_FORM)
    writer.uvarint(typeOf(message))
    writer.uvarint(version)
  })
}

/** The type and version of a record of the cluster's, and a reader that stands at its body. */
export function openMetadataRecord(
  value: Buffer,
): { type: number; version: number; body: Reader } | undefined {
  const body = new Reader(value)
  if (body.uvarint() !== METADATA_FORM) return undefined
  return { type: body.uvarint(), version: body.uvarint(), body }
}

function encodePrefixed<M extends Message>(
  message: M,
  version: number,
  value: MessageInput<M>,
  writePrefix: (writer: Writer) => void,
): Buffer {
  const writer = new Writer()
  writePrefix(writer)
  codecOf(message, version).encode(writer, value)
  return writer.copy()
}

function typeOf(message: Message): number {
  if (message.apiKey === undefined) throw new TypeError(`${message.name} has no record type.`)
  return message.apiKey
}
