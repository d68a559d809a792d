/** What a started broker tells the one who started it: where it listens, where its data is, and a line to paste. */

export interface BannerFacts {
  version: string
  /** Addresses of all listeners. */
  listens: readonly string[]
  /** What clients are sent on to, where that is set. */
  advertised: readonly string[]
  /** Null in memory. */
  folder: string | null
  profile: string
  clusterId: string
  topics: readonly string[]
  /** What was set and has no effect. */
  inert: readonly string[]
}

export function banner(facts: BannerFacts): string {
  const [address] = facts.listens
  // Internal topics are not for everybody's records.
  const topic = facts.topics.find((name) => !name.startsWith('__')) ?? 'greetings'
  const lines = [
    `odradek ${facts.version} listens on ${facts.listens.join(', ')}`,
    `  data     ${facts.folder ?? 'in memory, gone when it stops'}`,
    `  profile  ${facts.profile}`,
    `  cluster  ${facts.clusterId}`,
    `  try      echo hello | kcat -b ${address} -P -t ${topic}`,
    `           kcat -b ${address} -C -t ${topic} -e`,
  ]
  if (facts.advertised.length > 0) {
    lines.splice(1, 0, `  clients  are sent on to ${facts.advertised.join(', ')}`)
  }
  if (facts.inert.length > 0) {
    lines.push(`  ignored  ${facts.inert.join(', ')} (accepted, without effect here)`)
  }
  return `${lines.join('\n')}\n`
}
