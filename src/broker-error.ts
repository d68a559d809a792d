/** Why a broker did not start: a code for programs, and for people what was wrong and what to do. */

export type BrokerErrorCode =
  | 'INVALID_OPTION'
  | 'INVALID_CONFIG'
  | 'PORT_IN_USE'
  | 'CANNOT_LISTEN'
  | 'FOLDER_IN_USE'
  | 'FOLDER_NOT_USABLE'
  | 'FOLDER_NOT_CLOSED'
  | 'FOLDER_LOST'
  | 'CANNOT_CREATE_TOPIC'

export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: BrokerErrorCode

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
