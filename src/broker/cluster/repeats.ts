/** What a request has more than once. */

export function repeatsIn(values: Iterable<string>): Set<string> {
  const seen = new Set<string>()
  const repeats = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) repeats.add(value)
    seen.add(value)
  }
  return repeats
}
