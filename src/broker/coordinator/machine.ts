/** What a coordinator is made of: pure decisions over a state that a log's replay gives. */

/** A record of an internal log, as bytes. A value of null is a tombstone. */
export interface StateRecord {
  key: Buffer
  value: Buffer | null
}

/** What a step has decided: nothing has changed yet. */
export interface Decision<Response> {
  response: Response
  /** Applied at once, in order, and appended in one batch; the response waits until they are committed. */
  records?: readonly StateRecord[]
  /** The records may go into several batches, of which a crash keeps the first only: what is left undone is decided again. */
  isDivisible?: boolean
  /** Called when the decision stands, before anything else can be decided: for what is not made of records. */
  adopt?: () => void
}

export interface Machine<State> {
  /** A state in which nothing has happened yet. */
  empty(): State
  /** The only place where state changes, in life and at start-up. A record of an unknown type or version is skipped, never an error. */
  apply(state: State, record: StateRecord): void
  /**
   * Records whose replay gives this state: what is left when everything before them is dropped.
   * Applied to this very state they change nothing, for a crash may leave some of them behind what they repeat.
   */
  snapshot(state: State): Iterable<StateRecord>
}
