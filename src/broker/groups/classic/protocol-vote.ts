/** How the members of a classic group settle on a protocol (for consumers: on an assignor). */

export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

/** Each member votes for the first of its protocols that all support; most votes win, and among equals the first voted for. */
export function voteForProtocol(preferences: readonly (readonly Protocol[])[]): string {
  const support = new Map<string, number>()
  for (const protocols of preferences) {
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      support.set(name, (support.get(name) ?? 0) + 1)
    }
  }
  const votes = new Map<string, number>()
  for (const protocols of preferences) {
    const vote = protocols.find(({ name }) => support.get(name) === preferences.length)
    if (vote) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
  }
  let chosen: [name: string, votes: number] | undefined
  for (const candidate of votes) {
    if (!chosen || candidate[1] > chosen[1]) chosen = candidate
  }
  if (!chosen) throw new Error('The members of a group have no protocol in common.')
  return chosen[0]
}

/** The same protocols with the same metadata in the same order. */
export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, i) => b[i]!.name === name && b[i]!.metadata.equals(metadata))
  )
}
