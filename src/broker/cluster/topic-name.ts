/** What a topic may be called, and which names are too much alike. */

const LONGEST_NAME = 249

/** What is wrong with a topic's name, in Kafka's words; null when nothing is. */
export function topicNameError(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.') return "Topic name is invalid: '.' is not allowed"
  if (name === '..') return "Topic name is invalid: '..' is not allowed"
  if (name.length > LONGEST_NAME) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${LONGEST_NAME}`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return null
}

/** Two names collide when this is the same for both: Kafka's metrics print a dot as an underscore. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
