/** The parts of the page about frames, types, record batches and what lies embedded in records and files. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../../src/protocol/errors.ts'
import { MAX_ELEMENTS, MAX_STRING_BYTES, MAX_TAGGED_FIELDS } from '../../src/protocol/reader.ts'
import {
  codecOf,
  type Compression,
  MAX_INFLATED_BYTES,
} from '../../src/protocol/records/compression.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { folded, markdownTable } from './apis.ts'
import { fieldList, versionsText } from './field-list.ts'
import { embeddedNotes, hasLayout, openingComment } from './source-notes.ts'

const number = (value: number): string => value.toLocaleString('en')

export function framesAndTypes(protocol: string): string {
  const types = [
    ['type', 'on the wire', 'here'],
    ['bool', '1 byte, 0 is false', 'boolean'],
    ['int8, int16, int32', "big-endian, two's complement", 'number'],
    ['uint16, uint32', 'big-endian', 'number'],
    ['int64', "big-endian, two's complement", 'bigint; a safe integer may be written too'],
    ['float64', 'IEEE 754, big-endian', 'number'],
    ['uuid', '16 bytes', '22 characters of URL-safe base64'],
    ['string', 'int16 length and UTF-8; -1 is null', 'string'],
    ['bytes, records', 'int32 length and bytes; -1 is null', 'a slice of the frame'],
    ['array', 'int32 count and elements; -1 is null', 'array'],
    ['errorCode', 'int16', 'the name of an error'],
    [
      'struct',
      'its fields; where it may be null, an int8 before it: 1 is there, -1 is null',
      'object',
    ],
  ]
  return [
    'A frame is an int32 size and so many bytes: a header, then a body. Requests and responses of a connection are in the ' +
      'same order.',
    openingComment(join(protocol, 'header.ts')).replace(/^.*\n\n/, ''),
    markdownTable(types),
    '**Flexible versions** (KIP-482) write the lengths of strings, bytes and arrays as an unsigned varint that is one more ' +
      'than the length, with 0 for null, and end each struct with a tag section: a count, then for each tagged field its tag, ' +
      'its size and its bytes, in ascending order of tags, all three numbers unsigned varints. A tag that is not known is ' +
      'skipped; a field that has its default is left out. A struct that may be null and is tagged begins with a varint: 1 is ' +
      'there, 0 is null. The client id of a request header never became compact.',
    'An unsigned varint has seven bits a byte, the lowest first, and the high bit on all bytes but the last.',
  ].join('\n\n')
}

export function limits(): string {
  return [
    'Whatever a frame claims, nothing is allocated that it has no bytes for. Who breaks one of these loses the connection:',
    [
      `- An array has at most ${number(MAX_ELEMENTS)} elements, and never more than the bytes that are left could hold.`,
      `- A struct has at most ${number(MAX_TAGGED_FIELDS)} tagged fields.`,
      `- A string has at most ${number(MAX_STRING_BYTES)} bytes.`,
      '- A varint has at most five bytes, and 32 bits.',
      '- A frame is at most as long as `socket.request.max.bytes` says.',
    ].join('\n'),
    `A compressed batch inflates to at most ${number(MAX_INFLATED_BYTES)} bytes. What a block or frame can hold at most is ` +
      'known before it is opened: a larger one gets an error, not memory.',
  ].join('\n\n')
}

/** Files of `src/protocol/records` in the order of the page; what else has a layout comes behind them. */
const recordFiles = [
  ['batch-view.ts', 'Record batches (magic 2)'],
  ['record-cursor.ts', 'Records of a batch'],
  ['varint.ts', 'Varints inside records'],
  ['control-records.ts', 'Control batches'],
  ['validate.ts', 'What a produced batch is checked for'],
] as const

const codecFiles = [
  ['gunzip.ts', 'gzip'],
  ['snappy.ts', 'snappy'],
  ['lz4.ts', 'lz4'],
  ['lz4-block.ts', 'Blocks of lz4'],
  ['zstd.ts', 'zstd'],
] as const

/** What a batch says of its codec, and how the records look then. */
function codecs(): string {
  const forms: Record<Compression, string> = {
    none: 'record after record',
    gzip: 'one or several members (RFC 1952)',
    snappy: 'a raw block, or blocks in the framing of Java',
    lz4: 'a frame of independent blocks',
    zstd: 'frames (RFC 8878); in Produce from v7 on, in Fetch from v10 on (KIP-110)',
  }
  const rows = Object.entries(forms).map(([name, form]) => [
    `${codecOf(name as Compression)}`,
    name,
    form,
  ])
  return [
    'The lowest three bits of the attributes say how the records, all of a batch together, are compressed. Headers of batches ' +
      'never are.',
    markdownTable([['codec', 'name', 'the records are'], ...rows]),
  ].join('\n\n')
}

export function recordFormats(protocol: string): string {
  const folder = join(protocol, 'records')
  const known = new Set<string>([...recordFiles, ...codecFiles].map(([file]) => file))
  const others = readdirSync(folder)
    .filter((file) => !known.has(file) && hasLayout(join(folder, file)))
    .sort()
    .map((file) => [file, titleOf(file)] as const)
  const section = ([file, title]: readonly [string, string]) =>
    `### ${title}\n\n${openingComment(join(folder, file))}`
  return [
    ...recordFiles.map(section),
    `### Codecs\n\n${codecs()}`,
    ...codecFiles.map(section),
    ...others.map(section),
  ].join('\n\n')
}

/** Where a file's name says too little. */
const titles: Readonly<Record<string, string>> = {
  'message.ts': 'Messages (magic 0 and 1)',
}

/** `share-state.ts` is "Share state". */
function titleOf(file: string): string {
  const title = titles[file]
  if (title !== undefined) return title
  const words = file.replace(/\.ts$/, '').replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function embeddedFormats(protocol: string, messages: readonly Message[]): string {
  const byName = new Map(messages.map((message) => [message.name, message]))
  const parts = [openingComment(join(protocol, 'messages/embedded/prefixes.ts'))]
  for (const { file, title, messages: notes } of embeddedNotes(protocol)) {
    parts.push(`### ${titleOf(file)}`, title)
    for (const { name, text } of notes) parts.push(embeddedMessage(byName.get(name), name, text))
  }
  return parts.join('\n\n')
}

function embeddedMessage(message: Message | undefined, name: string, text: string): string {
  if (!message) throw new Error(`The entry of the protocol does not export ${name}.`)
  const type = message.apiKey === undefined ? '' : `, type ${message.apiKey}`
  const { min, max } = message.versions
  const versions = min === max ? `version ${min}` : `versions ${versionsText(message.versions)}`
  const title = `**${name}**${type}, ${versions}${text && `: ${text}`}`
  const hasFields = Object.keys(message.fields).length > 0
  return `${title}\n\n${hasFields ? folded('Fields', fieldList(message)) : 'It has no fields.'}`
}

export function errorTable(): string {
  const rows = errors.map(({ code, name, retriable, text }) => [
    `${code}`,
    name,
    retriable ? 'yes' : '',
    text.replaceAll('|', '\\|'),
  ])
  return markdownTable([
    ['code', 'name', 'retriable', 'text where nothing better is known'],
    ...rows,
  ])
}
