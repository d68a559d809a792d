/** The part of the page about APIs: an index, then each with its versions, its notes and its fields. */

import type { ApiRow } from '../../src/protocol/api-table.ts'
import type { Api } from '../../src/protocol/schema.ts'
import { parseVersions, type VersionRange } from '../../src/protocol/versions.ts'
import { absences } from './absences.ts'
import { fieldList, versionsText } from './field-list.ts'
import type { ApiNotes } from './source-notes.ts'

/** What the page needs to know of a handler. */
export interface Served {
  versions: string
  hidden?: true
}

export interface ApiFacts {
  row: ApiRow
  api: Api
  notes: ApiNotes
  served: Served | undefined
}

const LISTENERS = {
  broker: 'brokers',
  both: 'brokers and controllers',
  controller: 'controllers',
  none: '',
} as const

export function apiIndex(all: readonly ApiFacts[]): string {
  const rows = all.map(({ row, api, served }) => [
    `${row.key}`,
    `[${row.name}](#${row.key}-${row.name.toLowerCase()})`,
    versionsText(api.versions),
    versionsText(row.kafkaVersions),
    served ? versionsText(parseVersions(served.versions)) : '-',
    flexibleText(api),
  ])
  const head = ['key', 'API', 'schema', 'Kafka 4.4', 'served here', 'flexible']
  return markdownTable([head, ...rows])
}

export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function flexibleText({ flexible, versions }: Api): string {
  return flexible.min > flexible.max || flexible.min > versions.max ? 'never' : `${flexible.min}+`
}

export function apiSections(all: readonly ApiFacts[]): string {
  return all.map(section).join('\n\n')
}

function section(facts: ApiFacts): string {
  const { row, api, notes } = facts
  const parts = [
    `### ${row.key} ${row.name}`,
    `${[notes.purpose, ...notes.remarks].join(' ')}`,
    [...servedLines(facts), `- Kafka 4.4: ${onKafka(row)}; flexible: ${flexibleText(api)}`].join(
      '\n',
    ),
    notes.versions.length === 0 ? '' : 'What changed:',
    notes.versions.map((text) => `- ${text}`).join('\n'),
    folded('Request', fieldList(api.request)),
    folded('Response', fieldList(api.response)),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

export function folded(title: string, text: string): string {
  return `<details><summary>${title}</summary>\n\n\`\`\`\n${text}\n\`\`\`\n\n</details>`
}

function onKafka({ kafkaVersions, listeners }: ApiRow): string {
  return `${versionsText(kafkaVersions)}, by ${LISTENERS[listeners]}`
}

function servedLines({ row, api, served }: ApiFacts): string[] {
  if (!served) return [`- **Not served**: ${absences[row.key] ?? 'not yet'}.`]
  const range = parseVersions(served.versions)
  const lines = [`- **Served**: ${versionsText(range)} of ${versionsText(api.versions)}`]
  if (served.hidden) {
    lines.push('- Not shown to clients, as on a Kafka without a receiver of client metrics')
  }
  return [...lines, ...missing(range, row, api)]
}

/** Versions of the schema that are not served, and why. */
function missing(range: VersionRange, { kafkaVersions }: ApiRow, api: Api): string[] {
  const lines: string[] = []
  const dropped = { min: api.versions.min, max: Math.min(range.min, kafkaVersions.min) - 1 }
  if (dropped.min <= dropped.max) {
    lines.push(`- Not served: ${versionsText(dropped)}, which Kafka 4 dropped too`)
  }
  const old = { min: kafkaVersions.min, max: range.min - 1 }
  if (old.min <= old.max) lines.push(`- Not served: ${versionsText(old)}, not yet`)
  const recent = { min: range.max + 1, max: api.versions.max }
  if (recent.min <= recent.max) lines.push(`- Not served: ${versionsText(recent)}, not yet`)
  return lines
}
