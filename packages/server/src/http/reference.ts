/** What a full reference names. */
export interface Reference {
  /** `container`, `container+job`. */
  readonly kind: string
  readonly project: string
  readonly name: string
  /** Absent in `container://p/name` and `container+job://p/id`. */
  readonly id?: string
}

const pattern = /^([a-zA-Z0-9._+:-]+):\/\/([a-z0-9-]+)\/([a-zA-Z0-9._+-]+)(?::([a-zA-Z0-9._+-]+))?$/

/** Reads `kind://project/name:id`; undefined for anything else. */
export function parseReference(text: string): Reference | undefined {
  const [, kind, project, name, id] = pattern.exec(text) ?? []
  if (kind === undefined || project === undefined || name === undefined) return undefined
  return { kind, project, name, ...(id !== undefined && { id }) }
}

/** The one spelling under which a function is stored and asked for. */
export function functionReference(row: { kind: string; project: string; name: string; id: string }): string {
  return `${row.kind}://${row.project}/${row.name}:${row.id}`
}

/** The one spelling under which a task is stored and asked for. */
export function taskReference(row: { kind: string; project: string; id: string }): string {
  return `${row.kind}://${row.project}/${row.id}`
}
