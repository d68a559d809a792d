/** Version ranges, in the words of Kafka's message specs: `3+`, `0-8`, `4`, `none`. */

/** Both ends belong to the range. `none` is a range whose end lies before its start. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

/** No message comes near this version; `3+` ends here. */
const LAST_VERSION = 32_767

export const NO_VERSIONS: VersionRange = { min: 0, max: -1 }

/** Throws on anything but the four forms: ranges are written by us, so that is our bug. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return NO_VERSIONS
  const parts = /^(\d{1,5})(?:(\+)|-(\d{1,5}))?$/.exec(text)
  if (!parts) throw new TypeError(`"${text}" is not a version range.`)
  const min = Number(parts[1])
  const max = parts[2] ? LAST_VERSION : Number(parts[3] ?? min)
  if (max < min || max > LAST_VERSION) throw new TypeError(`"${text}" is not a version range.`)
  return { min, max }
}

export function hasVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max
}

/** The versions that are in both ranges. */
export function commonVersions(one: VersionRange, other: VersionRange): VersionRange {
  const min = Math.max(one.min, other.min)
  const max = Math.min(one.max, other.max)
  return min <= max ? { min, max } : NO_VERSIONS
}
