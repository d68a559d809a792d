/**
 * What has become of the transactions that a compaction comes across, batch by batch in the order of the log.
 *
 *   batch of an aborted transaction    its records go
 *   abort or commit marker             may go (after its delete horizon) once no batch of its transaction was there any more
 *
 * Of the aborted transactions whose markers stay, the cleaned segment's `.txnindex` is made.
 */

import type { BatchView } from '../../../protocol/records/batch-view.ts'
import { markerOf } from '../../../protocol/records/control-records.ts'
import type { AbortedTransaction } from '../../aborted-transactions.ts'

interface Ongoing {
  readonly transaction: AbortedTransaction
  /** A batch of it was there. */
  hasBatches: boolean
}

export class TransactionFates {
  /** Aborted transactions whose markers stay, in the order of these. */
  kept: AbortedTransaction[] = []
  /** By first offset. */
  private coming: AbortedTransaction[] = []
  private readonly aborted = new Map<number, Ongoing>()
  /** Producers of whose present transaction, which was committed, a batch was there. */
  private readonly committed = new Set<number>()

  /** Takes what is known of the stretch that comes next; what is known already is passed over. */
  add(transactions: readonly AbortedTransaction[]): void {
    if (transactions.length === 0) return
    this.coming = [...this.coming, ...transactions].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether the batch is part of an aborted transaction. */
  passBatch(batch: BatchView): boolean {
    this.beginUpTo(batch.lastOffset)
    if (!batch.isTransactional) return false
    const ongoing = this.aborted.get(batch.producerId)
    if (ongoing) ongoing.hasBatches = true
    else this.committed.add(batch.producerId)
    return ongoing !== undefined
  }

  /** Whether a control batch is one that nothing depends on any more. */
  passMarker(batch: BatchView): boolean {
    this.beginUpTo(batch.lastOffset)
    // One that was emptied stands for its offset, or its producer, alone.
    if (batch.recordCount === 0) return true
    const { producerId } = batch
    switch (markerOf(batch)?.type) {
      case 'ABORT': {
        const ongoing = this.aborted.get(producerId)
        this.aborted.delete(producerId)
        if (!ongoing?.hasBatches) return true
        this.kept.push(ongoing.transaction)
        return false
      }
      case 'COMMIT':
        return !this.committed.delete(producerId)
      case undefined:
        return false
    }
  }

  private beginUpTo(offset: number): void {
    let begun = 0
    for (const transaction of this.coming) {
      if (transaction.firstOffset > offset) break
      begun++
      const { producerId } = transaction
      if (this.aborted.has(producerId)) continue
      this.aborted.set(producerId, { transaction, hasBatches: false })
    }
    if (begun > 0) this.coming = this.coming.slice(begun)
  }
}
