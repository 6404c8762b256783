/** What is read often and changes rarely, by project. Only one server writes to a database, so nothing else changes it. */
export interface Remembered<Value> {
  get(project: string): Promise<Value>
  /** To be called after every write that may change it. */
  forget(project: string): void
}

/** Projects kept; the one that was read first goes first. */
const maxProjects = 256

export function createRemembered<Value>(read: (project: string) => Promise<Value>): Remembered<Value> {
  const known = new Map<string, Promise<Value>>()

  function keep(project: string): Promise<Value> {
    const reading = read(project)
    const [oldest] = known.size < maxProjects ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(project, reading)
    reading.catch(() => known.get(project) === reading && known.delete(project))
    return reading
  }

  return {
    get: (project) => known.get(project) ?? keep(project),
    forget: (project) => void known.delete(project),
  }
}
