/** Changing single configs: setting and deleting, and adding to or taking from a list (KIP-248, KIP-339). */

export type OperationKind = 'SET' | 'DELETE' | 'APPEND' | 'SUBTRACT'

export interface ConfigOperation {
  name: string
  kind: OperationKind
  /** Nothing for DELETE. */
  value: string
}

/** Numbers on the wire of `ConfigOperation.kind`. */
export const operationKinds: readonly OperationKind[] = ['SET', 'DELETE', 'APPEND', 'SUBTRACT']

/** The configs as they are after the operations; `listDefault` is what a list is where it was not set. */
export function applyOperations(
  configs: ReadonlyMap<string, string>,
  operations: readonly ConfigOperation[],
  listDefault: (name: string) => string | null,
): Map<string, string> {
  const after = new Map(configs)
  for (const { name, kind, value } of operations) {
    if (kind === 'DELETE') after.delete(name)
    else if (kind === 'SET') after.set(name, value)
    else after.set(name, changedList(after.get(name) ?? listDefault(name) ?? '', kind, value))
  }
  return after
}

function changedList(before: string, kind: 'APPEND' | 'SUBTRACT', value: string): string {
  const elements = before.split(',').filter((element) => element !== '')
  for (const element of value.split(',')) {
    const at = elements.indexOf(element)
    if (kind === 'APPEND' && at < 0) elements.push(element)
    if (kind === 'SUBTRACT' && at >= 0) elements.splice(at, 1)
  }
  return elements.join(',')
}
