/** Which partition of an internal topic a group (or transactional id) belongs to: Kafka's rule, which clients and tools know. */

/** Java's hash of a string, a signed 32-bit number. */
export function javaStringHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

export function coordinatorPartition(id: string, partitionCount: number): number {
  // The least of all numbers has no absolute value; Kafka takes 0 for it.
  const hash = javaStringHash(id)
  return (hash === -2_147_483_648 ? 0 : Math.abs(hash)) % partitionCount
}
