/** What a started broker tells the one who started it: where it listens, where its data is, and a line to paste. */

export interface BannerFacts {
  version: string
  bootstrap: string
  /** Null in memory. */
  folder: string | null
  profile: string
  clusterId: string
  topics: readonly string[]
  /** Keys that were set and have no effect. */
  inertKeys: readonly string[]
}

export function banner(facts: BannerFacts): string {
  const topic = facts.topics[0] ?? 'greetings'
  const lines = [
    `odradek ${facts.version} listens on ${facts.bootstrap}`,
    `  data     ${facts.folder ?? 'in memory, gone when it stops'}`,
    `  profile  ${facts.profile}`,
    `  cluster  ${facts.clusterId}`,
    `  try      echo hello | kcat -b ${facts.bootstrap} -P -t ${topic}`,
    `           kcat -b ${facts.bootstrap} -C -t ${topic} -e`,
  ]
  if (facts.inertKeys.length > 0) {
    lines.push(`  ignored  ${facts.inertKeys.join(', ')} (accepted, without effect here)`)
  }
  return `${lines.join('\n')}\n`
}
