import type { RunEntity } from "@berth/spec"

/** An answer of the server, whatever it is. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** The REST API as any client sees it, without the SDK. */
export interface Api {
  request(method: string, path: string, body?: unknown): Promise<Answer>
  /** Parsed; anything but 200 throws with the answer's text. */
  call<Result>(method: string, path: string, body?: unknown): Promise<Result>
  /** Submits a run of a container function made for it; its id. */
  submit(run: RunRequest): Promise<string>
  run(id: string): Promise<RunEntity>
  /** The whole log of the run. */
  log(id: string): Promise<string>
}

export interface RunRequest {
  readonly id?: string
  readonly action?: string
  readonly command: string
  readonly args?: readonly string[]
  /** Further members of the run's spec, wire form. */
  readonly spec?: Readonly<Record<string, unknown>>
}

let counter = 0

export function createApi(url: () => string, project: string): Api {
  const base = `/api/v1/-/${project}`

  async function request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, url()), {
      method,
      headers: { "content-type": "application/json", "x-berth-client": "e2e" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, text: await response.text() }
  }

  async function call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const { status, text } = await request(method, path, body)
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`)
    return (text === "" ? undefined : JSON.parse(text)) as Result
  }

  return {
    request,
    call,
    async submit({ id, action = "job", command, args = [], spec = {} }) {
      const name = `f${++counter}`
      const made = await call<{ key: string; id: string }>("POST", `${base}/functions`, {
        name,
        kind: "container",
        spec: { command },
      })
      const reference = `container://${project}/${name}:${made.id}`
      const task = await call<{ id: string }>("POST", `${base}/tasks`, {
        kind: `container+${action}`,
        spec: { function: reference },
      })
      const run = await call<{ id: string }>("POST", `${base}/runs`, {
        kind: `container+${action}:run`,
        ...(id !== undefined && { id }),
        spec: { task: `container+${action}://${project}/${task.id}`, function: reference, args, ...spec },
      })
      return run.id
    },
    run: (id) => call("GET", `${base}/runs/${id}`),
    async log(id) {
      const logs = await call<{ content: string }[]>("GET", `${base}/runs/${id}/logs`)
      return logs.map(({ content }) => Buffer.from(content, "base64").toString("utf8")).join("")
    },
  }
}
