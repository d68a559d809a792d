/** Recognizes what is not Kafka's protocol by the first bytes of a connection. */

export interface ForeignProtocol {
  name: string
  advice: string
}

const HTTP: ForeignProtocol = {
  name: 'HTTP',
  advice: 'A Kafka client is needed; a browser or a health check over HTTP is none.',
}
const TLS: ForeignProtocol = {
  name: 'TLS',
  advice: 'Set security.protocol=PLAINTEXT (ssl: false) in the client.',
}
const PROXY: ForeignProtocol = {
  name: 'the PROXY protocol',
  advice: 'Turn it off in the load balancer.',
}
const SSH: ForeignProtocol = { name: 'SSH', advice: 'The client has the wrong port.' }

const beginnings: readonly (readonly [string, ForeignProtocol])[] = [
  ...['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'CONN', 'TRAC', 'PRI '].map(
    (text) => [text, HTTP] as const,
  ),
  ['\x16\x03', TLS],
  ['PROX', PROXY],
  ['\r\n\r\n', PROXY],
  ['SSH-', SSH],
]

/** Undefined for what could be a frame, read as its length. */
export function foreignProtocol(
  chunk: Buffer,
  length: number,
  maxFrameBytes: number,
): ForeignProtocol | undefined {
  if (length < 4 || chunk.readInt32BE(0) <= maxFrameBytes) return undefined
  const first = chunk.toString('latin1', 0, 4)
  return beginnings.find(([beginning]) => first.startsWith(beginning))?.[1]
}
