/** Which of many names somebody meant who mistyped one. */

/** How many letters must be typed, dropped, replaced or swapped with their neighbour to make one name of the other. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + differs)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1)
      }
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

/** More letters than this are no slip of the hand, however long the name. */
const MOST_LETTERS = 3

/** The closest of the candidates, where so few letters differ that it is likely what was meant. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const typed = name.toLowerCase()
  let best: string | undefined
  let fewest = Math.min(MOST_LETTERS, Math.floor(typed.length / 3)) + 1
  for (const candidate of candidates) {
    const letters = distance(typed, candidate.toLowerCase())
    if (letters < fewest) {
      best = candidate
      fewest = letters
    }
  }
  return best
}

/** ` Did you mean NAME?`, or nothing: what is put behind a sentence. `show` makes a name what is to be typed. */
export function didYouMean(
  name: string,
  candidates: Iterable<string>,
  show: (found: string) => string = (found) => found,
): string {
  const found = nearest(name, candidates)
  return found === undefined ? '' : ` Did you mean ${show(found)}?`
}
