/** Reads Java properties text: what a server.properties file is written in. */

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/** Logical lines: comments and blank lines left out, lines that end in an odd number of backslashes joined to the next. */
function* logicalLines(text: string): Iterable<string> {
  let joined: string | undefined
  for (const natural of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    if (joined === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) {
      continue
    }
    const goesOn = (/\\+$/.exec(line)?.[0].length ?? 0) % 2 === 1
    joined = (joined ?? '') + (goesOn ? line.slice(0, -1) : line)
    if (goesOn) continue
    yield joined
    joined = undefined
  }
  if (joined !== undefined) yield joined
}

/** An unknown escape is the letter itself; `\u` without four hex digits is kept as text, where Java would give up the file. */
function unescape(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) =>
    escaped.length === 5
      ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
      : (ESCAPES[escaped] ?? escaped),
  )
}

/** Keys and values in the order of the text; of a key that stands there twice the last one. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of logicalLines(text)) {
    // The key ends at the first =, : or blank that no backslash stands before.
    const key = /^(?:\\.|[^\\=: \t\f])*/s.exec(line)?.[0] ?? ''
    const value = line.slice(key.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
    properties.set(unescape(key), unescape(value))
  }
  return properties
}
