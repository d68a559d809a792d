/** What all connections of a broker share. */

import type { Clock } from '../../clock.ts'
import type { Dispatcher } from '../dispatch.ts'
import type { LogLimit } from '../log-limit.ts'
import type { MemoryBudget } from '../memory.ts'
import type { Tracer } from '../trace.ts'
import type { Arena } from './arena.ts'

export interface NetworkServices {
  readonly dispatcher: Dispatcher
  readonly budget: MemoryBudget
  readonly clock: Clock
  readonly log: LogLimit
  readonly tracer: Tracer
  readonly arena: Arena
  readonly readBuffer: Buffer
  /** `socket.request.max.bytes` */
  readonly maxFrameBytes: number
}
