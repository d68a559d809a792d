/** The part of the page about `odradek/protocol`: what to call for what. */

import { markdownTable } from './apis.ts'

/** Names that the entry exports, by what they are for. */
export const entryFunctions: readonly (readonly [purpose: string, names: readonly string[]])[] = [
  ['a whole frame of any API', ['readRequest', 'readResponse', 'isRequestOf', 'apiOf']],
  ['a whole frame of one API, written', ['requestFrame', 'responseFrame']],
  ['where a frame ends in a stream', ['frameSizeAt', 'FRAME_SIZE_BYTES']],
  [
    'a body alone, of one API and version',
    ['decodeRequest', 'decodeResponse', 'encodeRequest', 'encodeResponse'],
  ],
  ['any message, also an embedded one', ['decodeMessage', 'encodeMessage', 'codecOf']],
  [
    'keys and values with what precedes them',
    ['decodeKey', 'encodeKey', 'decodeVersioned', 'encodeVersioned', 'decodeMetadataRecord'],
  ],
  ["what a consumer group's members tell one another", ['decodeSubscription', 'decodeAssignment']],
  ['record batches, read', ['batchesIn', 'BatchView', 'iterateRecords', 'hasRightChecksum']],
  ['record batches, made and patched', ['buildBatch', 'setOffsetAndEpoch']],
  ['the markers that end transactions', ['buildMarker', 'markerOf']],
  ['checksums and codecs', ['crc32', 'crc32c', 'inflate', 'deflate']],
  ['which APIs there are, and errors', ['apiTable', 'errors', 'errorCodeOf', 'errorNameOf']],
  ['what faulty bytes throw', ['ProtocolViolation', 'InvalidRecord']],
]

export function entrySection(): string {
  const rows = entryFunctions.map(([purpose, names]) => [
    purpose,
    names.map((name) => `\`${name}\``).join(', '),
  ])
  return [
    'All that this page tells can be read and written with `odradek/protocol`; the README has a program that does. APIs and ' +
      'embedded messages are exported by the names that they have here.',
    markdownTable([['for', 'call'], ...rows]),
    'Bytes and records that come out of a frame are slices of it: who keeps them longer than the frame copies them.',
  ].join('\n\n')
}
