/** The messages inside a wrapper, as they are inflated piece by piece: what no wrapper may hold is refused. */

import { LENGTH_OVERHEAD } from './batch-view.ts'
import { GatheredBytes } from './gathered-bytes.ts'
import { InvalidRecord } from './invalid-record.ts'
import { MessageView, MIN_MESSAGE_SIZE } from './message.ts'

export class InnerMessages {
  private readonly gathered = new GatheredBytes()
  private readonly magic: number
  private readonly wrapperOffset: number
  private lastOffset = -1
  private count = 0

  constructor(wrapper: MessageView) {
    this.magic = wrapper.magic
    this.wrapperOffset = wrapper.offset
  }

  add(piece: Buffer): void {
    this.gathered.add(piece)
  }

  /** The next message, with a right checksum and without a codec; undefined when that takes another piece, or when there is none. */
  next(): MessageView | undefined {
    const { gathered } = this
    if (!gathered.has(LENGTH_OVERHEAD)) return undefined
    const size = gathered.bytes.readInt32BE(gathered.position + 8)
    if (size < MIN_MESSAGE_SIZE) {
      throw new InvalidRecord(`A message inside another claims ${size} bytes.`, 'CORRUPT_MESSAGE')
    }
    const whole = LENGTH_OVERHEAD + size
    if (!gathered.has(whole)) return undefined
    const { bytes, position } = gathered
    gathered.position = position + whole
    const message = new MessageView(bytes.subarray(position, position + whole))
    this.check(message)
    this.count++
    this.lastOffset = message.offset
    return message
  }

  /** When all is seen: what has to be added to the offsets of magic 1 to make them absolute. `isStrict`: nothing may be left over. */
  end(isStrict: boolean): number {
    if (isStrict && this.gathered.size > 0) {
      throw new InvalidRecord('A message ends inside its wrapper.')
    }
    if (this.count === 0) throw new InvalidRecord('A compressed message holds no others.')
    // Some versions of librdkafka leave the offset of what they produce at 0.
    if (this.magic === 0 || this.wrapperOffset === 0) return 0
    const base = this.wrapperOffset - this.lastOffset
    if (base < 0) {
      throw new InvalidRecord(
        `The offset of a wrapper is ${this.wrapperOffset}, that of its last message ${this.lastOffset}.`,
      )
    }
    return base
  }

  private check(message: MessageView): void {
    if (message.magic !== this.magic) {
      throw new InvalidRecord(
        `A message of magic ${message.magic} lies in one of magic ${this.magic}.`,
      )
    }
    if (message.compression !== 'none') {
      throw new InvalidRecord('A compressed message lies in another.')
    }
    if (!message.hasRightChecksum) {
      throw new InvalidRecord('A message inside another has a wrong CRC.', 'CORRUPT_MESSAGE')
    }
  }
}
