/** Requests that wait for what others do: each has a ticket, and its reply is a promise. */

import type { Cancellation } from '../cancellation.ts'
import type { Ticket } from './classic/round.ts'

interface Waiting<Reply> {
  resolve(reply: Reply): void
  stopListening(): void
}

export class Parking<Reply> {
  private readonly waiting = new Map<Ticket, Waiting<Reply>>()
  private readonly refusal: () => Reply
  private lastTicket = 0

  /** `refusal` is what they hear who wait in vain. */
  constructor(refusal: () => Reply) {
    this.refusal = refusal
  }

  /** A request comes in. When it is cancelled it loses its reply, and nothing else happens. */
  open(cancellation: Cancellation): { ticket: Ticket; reply: Promise<Reply> } {
    const ticket = ++this.lastTicket
    const reply = new Promise<Reply>((resolve) => {
      this.waiting.set(ticket, { resolve, stopListening: () => undefined })
    })
    const stopListening = cancellation.onCancel(() => this.answer(ticket, this.refusal()))
    const waiting = this.waiting.get(ticket)
    if (waiting) waiting.stopListening = stopListening
    return { ticket, reply }
  }

  /** Answers the request that has this ticket, if it still waits. */
  answer(ticket: Ticket, reply: Reply): void {
    const waiting = this.waiting.get(ticket)
    if (!waiting) return
    this.waiting.delete(ticket)
    waiting.stopListening()
    waiting.resolve(reply)
  }

  refuse(ticket: Ticket): void {
    this.answer(ticket, this.refusal())
  }

  refuseAll(): void {
    for (const ticket of this.waiting.keys()) this.refuse(ticket)
  }
}
