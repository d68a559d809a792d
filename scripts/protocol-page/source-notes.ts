/** What the sources say of themselves in their opening comments: the sentences and byte layouts that the page shows. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ApiNotes {
  /** What the API is for, as a sentence. */
  purpose: string
  /** What each version brought, like `v3 flexible`. */
  versions: string[]
  /** What else there is to know. */
  remarks: string[]
}

const FIRST_LINE = /^(\w+) \((\d+)\): (.*)$/

/** By API key: the comments that the files of `src/protocol/messages` begin with. */
export function apiNotes(protocol: string): Map<number, ApiNotes> {
  const folder = join(protocol, 'messages')
  const notes = new Map<number, ApiNotes>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const [title = '', ...rest] = lineComments(readFileSync(join(folder, file), 'utf8'))
    const [, , key, purpose] = FIRST_LINE.exec(title) ?? []
    if (purpose === undefined) throw new Error(`${file} does not begin with "// Name (key): what".`)
    notes.set(Number(key), { purpose: capitalized(purpose), ...sorted(paragraphs(rest)) })
  }
  return notes
}

function lineComments(text: string): string[] {
  const lines = text.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  return lines.slice(0, end).map((line) => line.slice(3))
}

/** A line goes on with the one before it, unless that is at its end and this one begins something. */
function paragraphs(lines: readonly string[]): string[] {
  const found: string[] = []
  for (const line of lines) {
    const before = found.at(-1)
    const begins = before === undefined || (/^(?:[A-Z]|v\d)/.test(line) && !/[-,]$/.test(before))
    if (begins) found.push(line)
    else found[found.length - 1] = `${before} ${line}`
  }
  return found
}

function sorted(all: readonly string[]): Pick<ApiNotes, 'versions' | 'remarks'> {
  const isOfVersions = (text: string) => /^v\d/.test(text)
  return {
    versions: all
      .filter(isOfVersions)
      .flatMap((text) => text.replace(/\.$/, '').split(/ - (?=v\d)/)),
    remarks: all.filter((text) => !isOfVersions(text)),
  }
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The comment that a file opens with, as Markdown: a paragraph that begins indented is a layout. */
export function openingComment(path: string): string {
  const text = readFileSync(path, 'utf8')
  const [, comment = ''] = /^\/\*\*(.*?)\*\//s.exec(text) ?? []
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  const blocks = lines.join('\n').trim().split('\n\n')
  return blocks.map((block) => (block.startsWith(' ') ? layout(block) : block)).join('\n\n')
}

function layout(block: string): string {
  const lines = block.split('\n')
  const indent = Math.min(...lines.map((line) => line.search(/\S/)))
  return ['```', ...lines.map((line) => line.slice(indent)), '```'].join('\n')
}

/** Whether a file opens with a layout of bytes. */
export function hasLayout(path: string): boolean {
  return openingComment(path).includes('```')
}

export interface EmbeddedNotes {
  name: string
  /** What stands above the message in its file; empty where nothing does. */
  text: string
}

/** What the files of `src/protocol/messages/embedded` are about, and the notes of the messages in them, in their order. */
export function embeddedNotes(
  protocol: string,
): { file: string; title: string; messages: EmbeddedNotes[] }[] {
  const folder = join(protocol, 'messages/embedded')
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const path = join(folder, file)
      const text = readFileSync(path, 'utf8')
      const pattern = /(?:\/\*\*((?:(?!\*\/).)*)\*\/\n)?export const (\w+) = message\(/gs
      const messages = [...text.matchAll(pattern)].map(([, comment = '', name = '']) => ({
        name,
        text: comment
          .replace(/\n\s*\*/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      }))
      return { file, title: openingComment(path), messages }
    })
    .filter(({ messages }) => messages.length > 0)
}
