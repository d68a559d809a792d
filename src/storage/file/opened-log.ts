/** A log as its folder has it, before anybody reads or appends. */

import type { LogSpec } from '../engine.ts'
import type { ProducerStates } from '../producer-state.ts'
import type { AbortedIndex } from './aborted-index.ts'
import type { LeaderEpochs } from './leader-epochs.ts'
import type { Segment } from './segment.ts'

export interface OpenedLog {
  spec: LogSpec
  folder: string
  /** In order of offsets, at least one. */
  segments: Segment[]
  logStartOffset: number
  logEndOffset: number
  /** Below this everything survives a power cut. */
  recoveryPoint: number
  /** Offsets of the producer snapshots that are there, oldest first. */
  snapshots: number[]
  producers: ProducerStates
  aborted: AbortedIndex
  epochs: LeaderEpochs
  /** Whether the folder is there; it may come with the first append. */
  hasFolder: boolean
  /** Whether it was found as a clean stop has left it. */
  isClean: boolean
}
