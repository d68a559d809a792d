/**
 * One connection: frames in, replies out in the order of their requests.
 *
 * | state    | reads                     | starts requests | ends when                                          |
 * |----------|---------------------------|-----------------|----------------------------------------------------|
 * | open     | while there is room       | yes             |                                                    |
 * | deaf     | nothing more can come     | yes             | all that came is answered: the peer has sent its end |
 * | ending   | to see the peer's end     | no              | what was in progress is answered and written       |
 * | closed   | no                        | no              |                                                    |
 *
 * Only requests that overlap (Produce) are in progress together; any other starts when every earlier reply is queued, and
 * nothing starts behind it until its own is. The socket is read ahead of them by a bounded amount, so that a client's end is
 * seen while a request is parked.
 */

import type { Duplex } from 'node:stream'
import type { Timer } from '../../clock.ts'
import type { Slab } from '../../slab-pool.ts'
import { ProtocolViolation } from '../../protocol/errors.ts'
import { FRAME_SIZE_BYTES } from '../../protocol/frame.ts'
import type { Outcome, Peer } from '../dispatch.ts'
import type { Client } from '../client.ts'
import { CLOSE } from '../handler.ts'
import type { Claimant } from '../memory.ts'
import {
  complainOfFault,
  complainOfFrame,
  complainOfProtocol,
  complainOfStall,
} from './complaints.ts'
import { FrameAssembler, type FrameSink } from './frame-assembler.ts'
import { foreignProtocol } from './foreign-protocol.ts'
import { Output } from './output.ts'
import { type ByteSink, readFrom } from './reading.ts'
import { Request } from './request.ts'
import type { NetworkServices } from './services.ts'

/** How much is read ahead of requests that are in progress together, and of one that must be answered first. */
const OVERLAPPING_AHEAD = { bytes: 8 * 1024 * 1024, requests: 1024 }
const EXCLUSIVE_AHEAD = { bytes: 64 * 1024, requests: 64 }
/** With so much untaken by the peer no request starts. */
const UNSENT_BYTES = 1024 * 1024
/** How long the last replies may take to leave, and how long the peer's end is then waited for: closing earlier could cost it a reply. */
const LAST_REPLIES_MS = 10_000
const LINGER_MS = 500

export class Connection implements ByteSink, FrameSink, Claimant, Peer {
  client: Client
  movedAt: number
  private state: 'open' | 'deaf' | 'ending' | 'closed' = 'open'
  private readonly stream: Duplex
  private readonly services: NetworkServices
  private readonly assembler: FrameAssembler
  private readonly output: Output
  private readonly onClose: (connection: Connection) => void
  /** Whole frames that have not started. */
  private readonly waiting: Request[] = []
  /** Started, in order, and not queued for writing yet. */
  private readonly inProgress: Request[] = []
  /** What is charged for bytes that came: by requests, and in all. */
  private requestBytes = 0
  private charged = 0
  /** When the unfinished frame began, and which of the assembler's it is. */
  private turn: number | undefined
  private partialNumber = 0
  private sawBytes = false
  private paused = false
  private flushScheduled = false
  private timer: Timer | undefined

  constructor(
    stream: Duplex,
    client: Client,
    services: NetworkServices,
    onClose: (connection: Connection) => void,
  ) {
    this.stream = stream
    this.client = client
    this.services = services
    this.onClose = onClose
    this.movedAt = services.clock.monotonic()
    this.assembler = new FrameAssembler(services.maxFrameBytes, services.arena, this)
    this.output = new Output(stream, services.budget, () => this.progress())
    services.budget.join(this)
    stream.on('end', () => this.peerEnded())
    stream.on('error', () => this.destroy())
    stream.on('close', () => this.destroy())
    readFrom(stream, this, services.readBuffer)
  }

  /** None while it is our doing that the frame does not come. */
  get frameTurn(): number | undefined {
    return this.isFull || this.assembler.hasBacklog ? undefined : this.turn
  }

  /** It holds as much as it may: nothing more is read, or taken out of what was read. */
  get isFull(): boolean {
    const { waiting, inProgress } = this
    const ahead = inProgress[0]?.overlaps === false ? EXCLUSIVE_AHEAD : OVERLAPPING_AHEAD
    return (
      this.requestBytes >= ahead.bytes ||
      waiting.length + inProgress.length >= ahead.requests ||
      (waiting.length > 0 && this.output.unsent >= UNSENT_BYTES)
    )
  }

  get frameBytes(): number {
    return this.assembler.partialBytes
  }

  get hasUnsent(): boolean {
    return this.output.unsent > 0
  }

  get isBusy(): boolean {
    return this.inProgress.length > 0
  }

  receive(chunk: Buffer, length: number, lent: boolean): void {
    if (this.state !== 'open') return
    this.charge(length)
    if (!this.sawBytes && this.isForeign(chunk, length)) return
    try {
      this.assembler.take(chunk, length, lent)
    } catch (error) {
      this.violated(error)
    }
    this.received()
  }

  place(): Buffer | undefined {
    return this.state === 'open' ? this.assembler.place() : undefined
  }

  placed(bytes: number): void {
    if (this.state !== 'open') return
    this.charge(bytes)
    try {
      this.assembler.placed(bytes)
    } catch (error) {
      this.violated(error)
    }
    this.received()
  }

  frame(frame: Buffer, slab: Slab | undefined): void {
    if (this.state !== 'open' && this.state !== 'deaf') return
    const { budget, dispatcher, tracer } = this.services
    const request = new Request(
      frame,
      frame.length + FRAME_SIZE_BYTES,
      dispatcher.overlaps(frame),
      tracer.begin(this.client.connectionId, frame.length),
      slab,
    )
    this.requestBytes += request.bytes
    budget.frameIsWhole(request.bytes)
    if (this.waiting.length === 0 && this.mayStart(request)) this.start(request)
    else this.waiting.push(request)
  }

  proceed(): void {
    this.goOn()
    this.scheduleFlush()
  }

  abandon(reason: string): void {
    complainOfStall(this.services.log, this.client, reason)
    this.destroy()
  }

  /** Starts nothing more; what is in progress is cancelled, and the connection ends when its replies are out. */
  end(reason: 'closed' | 'stopping'): void {
    if (this.state === 'ending' || this.state === 'closed') return
    this.state = 'ending'
    for (const request of this.waiting.splice(0)) this.discard(request)
    for (const request of this.inProgress) request.cancel(reason)
    this.timer = this.services.clock.after(LAST_REPLIES_MS, () => this.destroy())
    this.scheduleFlush()
    this.updateReading()
    this.endWhenDone()
  }

  /** Closes at once. */
  destroy(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    this.timer?.cancel()
    const { budget } = this.services
    this.output.drop()
    for (const request of this.inProgress) request.cancel('closed')
    this.startWaiting()
    for (const request of this.waiting.splice(0)) this.discard(request)
    budget.releaseFrame(this.charged - this.requestBytes)
    this.charged = this.requestBytes
    budget.leave(this)
    this.stream.destroy()
    this.onClose(this)
  }

  private charge(bytes: number): void {
    this.movedAt = this.services.clock.monotonic()
    this.charged += bytes
    this.services.budget.chargeFrame(bytes)
  }

  private isForeign(chunk: Buffer, length: number): boolean {
    this.sawBytes = true
    const foreign = foreignProtocol(chunk, length, this.services.maxFrameBytes)
    if (foreign === undefined) return false
    complainOfProtocol(this.services.log, this.client, foreign)
    this.end('closed')
    return true
  }

  private violated(error: unknown): void {
    const { log } = this.services
    if (error instanceof ProtocolViolation) {
      complainOfFrame(log, this.client, error)
      this.end('closed')
    } else {
      complainOfFault(log, this.client, error)
      this.destroy()
    }
  }

  /** Bytes have come and been looked at: what they caused leaves in one write. */
  private received(): void {
    const { assembler } = this
    if (assembler.partialBytes === 0) {
      this.turn = undefined
    } else if (this.turn === undefined || assembler.partialNumber !== this.partialNumber) {
      this.turn = this.services.budget.nextTurn()
      this.partialNumber = assembler.partialNumber
    }
    if (this.inProgress.length === 0) this.flush()
    else this.scheduleFlush()
    this.updateReading()
  }

  /** Something has ended or made room: starts what may start now, and reads on or ends accordingly. */
  private goOn(): void {
    this.startWaiting()
    if (this.assembler.hasBacklog && !this.isFull) this.assembler.goOn()
    this.updateReading()
    this.endWhenDone()
  }

  private startWaiting(): void {
    while (this.waiting.length > 0 && this.mayStart(this.waiting[0]!)) {
      this.start(this.waiting.shift()!)
    }
  }

  private mayStart(request: Request): boolean {
    const [first] = this.inProgress
    if (first && !(first.overlaps && request.overlaps)) return false
    // Produce without acks says nothing of how it fared: what came before the end is appended.
    if (this.state === 'closed') return request.overlaps
    return this.output.unsent < UNSENT_BYTES && this.services.budget.mayStart(this)
  }

  private start(request: Request): void {
    const { dispatcher, tracer } = this.services
    const { frame, trace } = request
    request.frame = undefined
    if (trace) tracer.started(trace)
    if (this.state !== 'open') request.cancel('closed')
    const outcome = dispatcher.answer(frame!, this, request, trace)
    if (outcome instanceof Promise) {
      this.inProgress.push(request)
      void outcome.then((later) => this.settle(request, later))
      return
    }
    request.answer(outcome)
    if (this.inProgress.length === 0) this.queue(request)
    else this.inProgress.push(request)
  }

  private settle(request: Request, outcome: Outcome): void {
    request.answer(outcome)
    while (this.inProgress[0]?.isAnswered) this.queue(this.inProgress.shift()!)
    this.goOn()
    this.scheduleFlush()
  }

  /** Every earlier reply is queued: so is this one now. */
  private queue(request: Request): void {
    const { outcome, trace } = request
    const { tracer } = this.services
    this.release(request)
    if (trace) tracer.answered(trace)
    if (outcome === CLOSE || outcome === undefined) {
      if (trace) tracer.end(trace, 'no reply')
      if (outcome === CLOSE) this.end('closed')
      return
    }
    if (trace) trace.responseBytes = outcome.size
    const { sent } = outcome
    const done =
      sent || trace
        ? (written: boolean): void => {
            sent?.()
            if (trace) tracer.end(trace, written ? 'sent' : 'dropped')
          }
        : undefined
    this.output.add(outcome.chunks, outcome.size, done)
  }

  private discard(request: Request): void {
    this.release(request)
    if (request.trace) this.services.tracer.end(request.trace, 'dropped')
  }

  private release(request: Request): void {
    request.release()
    this.requestBytes -= request.bytes
    this.charged -= request.bytes
    this.services.budget.releaseWholeFrame(request.bytes)
  }

  /** One write for all that is settled together: a tick that a microtask asks for comes when no microtask is left. */
  private scheduleFlush(): void {
    if (this.flushScheduled || !this.output.hasQueued) return
    this.flushScheduled = true
    process.nextTick(() => {
      this.flushScheduled = false
      this.flush()
    })
  }

  private flush(): void {
    if (this.state !== 'closed') this.output.flush()
  }

  /** The peer has taken what was written. */
  private progress(): void {
    this.movedAt = this.services.clock.monotonic()
    this.goOn()
    this.flush()
  }

  private updateReading(): void {
    const { state } = this
    if (state === 'closed' || state === 'deaf') return
    const reads = state === 'ending' || this.mayRead()
    if (reads === !this.paused) return
    this.paused = !reads
    if (reads) this.stream.resume()
    else this.stream.pause()
  }

  private mayRead(): boolean {
    const { budget } = this.services
    if (!this.isFull && !this.assembler.hasBacklog) return budget.mayRead(this)
    budget.withdraw(this)
    return false
  }

  private peerEnded(): void {
    if (this.state === 'ending') {
      if (this.output.unsent === 0 && this.inProgress.length === 0) this.destroy()
      return
    }
    if (this.state !== 'open') return
    this.state = 'deaf'
    for (const request of this.inProgress) request.cancel('closed')
    this.endWhenDone()
  }

  /** Nothing is in progress and nothing unsent: says so to the peer, and goes when the peer has heard. */
  private endWhenDone(): void {
    if (this.state !== 'ending' && this.state !== 'deaf') return
    if (this.inProgress.length > 0 || this.waiting.length > 0 || this.output.unsent > 0) return
    if (this.stream.writableEnded || (this.state === 'deaf' && this.assembler.hasBacklog)) return
    this.stream.end(() => {
      if (this.state === 'deaf' || this.stream.readableEnded) this.destroy()
    })
    this.timer?.cancel()
    this.timer = this.services.clock.after(LINGER_MS, () => this.destroy())
  }
}
