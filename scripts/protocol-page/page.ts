/** docs/PROTOCOL.md: Kafka's wire as the schemas, the formats and the handlers of this project say it. */

import { join } from 'node:path'
import { handlers } from '../../src/broker/apis/index.ts'
import { apiTable } from '../../src/protocol/api-table.ts'
import * as protocol from '../../src/protocol/index.ts'
import type { Api, Message } from '../../src/protocol/schema.ts'
import { type ApiFacts, apiIndex, apiSections, markdownTable } from './apis.ts'
import { entrySection } from './entry.ts'
import { versionsText } from './field-list.ts'
import { embeddedFormats, errorTable, framesAndTypes, limits, recordFormats } from './formats.ts'
import { apiNotes } from './source-notes.ts'

/** `root` is the folder of the project: comments are read from its sources. */
export function protocolPage(root: string): string {
  const source = join(root, 'src/protocol')
  const facts = apiFacts(source)
  const embedded = exported(isMessage)
  const sections = [
    "# Kafka's wire, as Odradek speaks it",
    introduction(facts, embedded.length),
    contents(),
    '## From code',
    entrySection(),
    '## Frames, headers, types',
    framesAndTypes(source),
    '## Limits',
    limits(),
    '## APIs',
    aboutApis(facts),
    apiIndex(facts),
    apiSections(facts),
    '## Left out',
    leftOut(),
    '## Records',
    recordFormats(source),
    '## Embedded formats',
    embeddedFormats(source, embedded),
    '## Errors',
    errorTable(),
  ]
  return `${sections.join('\n\n')}\n`
}

export function apiFacts(source: string): ApiFacts[] {
  const notes = apiNotes(source)
  const served = new Map(handlers.map((handler) => [handler.api.key, handler]))
  const apis = new Map(exported(isApi).map((api) => [api.key, api]))
  return apiTable.flatMap((row) => {
    const api = apis.get(row.key)
    const note = notes.get(row.key)
    return api && note ? [{ row, api, notes: note, served: served.get(row.key) }] : []
  })
}

function introduction(facts: readonly ApiFacts[], embedded: number): string {
  const served = facts.filter((one) => one.served).length
  const versions = facts.reduce((sum, { api }) => sum + api.versions.max - api.versions.min + 1, 0)
  return [
    `${facts.length} APIs in ${versions} versions, ${embedded} formats embedded in records and files, and record batches: ` +
      `all of it can be read and written here, and ${served} of the APIs are served by this broker.`,
    'This page is made from the sources by `npm run docs`: the schemas in `src/protocol/messages`, the comments that the files ' +
      'of `src/protocol` open with, and the handlers in `src/broker/apis`. A test fails when it is stale.',
    'A line of a schema says the name of a field, its type, the versions that it is in where these are not all of them, and ' +
      'whether it may be null, its tag and its default.',
  ].join('\n\n')
}

function aboutApis(facts: readonly ApiFacts[]): string {
  const hidden = facts.filter(({ served }) => served?.hidden).map(({ row }) => row.key)
  return (
    `What a Kafka 4.4 broker answers its clients: the ${facts.length - hidden.length} APIs that it shows them, and ` +
    `${hidden.join(' and ')}, which it shows only where something receives client metrics. *Schema*: the versions that can ` +
    'be read and written here, also by way of `odradek/protocol`. *Served here*: what this broker answers.'
  )
}

function contents(): string {
  const titles = ['From code', 'Frames, headers, types', 'Limits', 'APIs', 'Left out', 'Records']
  return [...titles, 'Embedded formats', 'Errors']
    .map((title) => `- [${title}](#${title.toLowerCase().replace(/,/g, '').replaceAll(' ', '-')})`)
    .join('\n')
}

function leftOut(): string {
  const rows = apiTable.flatMap(({ key, name, kafkaVersions, absence }) =>
    absence === undefined ? [] : [[`${key}`, name, versionsText(kafkaVersions), absence]],
  )
  return [
    'APIs that Kafka has a key for and that no client of a broker can ask for. They have no schema here, and a request for one ' +
      'closes its connection, as on Kafka.',
    markdownTable([['key', 'API', 'Kafka 4.4', 'why'], ...rows]),
  ].join('\n\n')
}

function exported<Kind>(is: (value: unknown) => value is Kind): Kind[] {
  const values: unknown[] = Object.values(protocol)
  return values.filter(is)
}

function isApi(value: unknown): value is Api {
  return typeof value === 'object' && value !== null && 'request' in value && 'response' in value
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'fields' in value && 'flexible' in value
}
