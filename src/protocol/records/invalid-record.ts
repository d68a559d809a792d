/** What reading a record batch throws when its bytes do not hold what they say. */

import type { ErrorName } from '../errors.ts'

export class InvalidRecord extends Error {
  override readonly name = 'InvalidRecord'
  /** What Kafka answers a producer that sends such bytes. */
  readonly error: ErrorName

  constructor(text: string, error: ErrorName = 'INVALID_RECORD', options?: ErrorOptions) {
    super(text, options)
    this.error = error
  }
}
