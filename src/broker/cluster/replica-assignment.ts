/** Manual replica assignments: which nodes are to hold a partition. */

/** What is wrong with a partition's nodes, in Kafka's words; null when nothing is. */
export function assignmentError(
  brokerIds: readonly number[],
  nodeIds: ReadonlySet<number>,
  expectedReplicas: number | undefined,
): string | null {
  if (brokerIds.length === 0) {
    return 'The manual partition assignment includes an empty replica list.'
  }
  const sorted = brokerIds.toSorted((a, b) => a - b)
  for (const [index, brokerId] of sorted.entries()) {
    if (!nodeIds.has(brokerId)) {
      return `The manual partition assignment includes broker ${brokerId}, but no such broker is registered.`
    }
    if (brokerId === sorted[index - 1]) {
      return `The manual partition assignment includes the broker ${brokerId} more than once.`
    }
  }
  if (expectedReplicas !== undefined && sorted.length !== expectedReplicas) {
    return `The manual partition assignment includes a partition with ${sorted.length} replica(s), but this is not consistent with previous partitions, which have ${expectedReplicas} replica(s).`
  }
  return null
}
