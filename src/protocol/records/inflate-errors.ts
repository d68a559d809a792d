/** What opening compressed records throws. */

import { InvalidRecord } from './invalid-record.ts'

/** Bytes that the codec cannot have written. Kafka has no error of its own for them. */
export function brokenRecords(codec: string, why: string, cause?: unknown): InvalidRecord {
  const text = `The ${codec} of the records ${why}.`
  return new InvalidRecord(text, 'UNKNOWN_SERVER_ERROR', { cause })
}

export function inflatesTooFar(limit: number, cause?: unknown): InvalidRecord {
  const text = `The compressed records inflate to more than ${limit} bytes.`
  return new InvalidRecord(text, 'MESSAGE_TOO_LARGE', { cause })
}
