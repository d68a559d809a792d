/** The failure of a whole request, from deep inside to dispatch. */

import type { ErrorName } from '../protocol/errors.ts'

/** The whole request cannot go on; dispatch answers with `handler.fail`. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: ErrorName

  constructor(code: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
