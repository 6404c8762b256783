import { BerthError, type Entity, formatBytes, parseQuantity, toUnits } from "@berth/spec"
import { printResult } from "../output.ts"
import type { Session } from "../session.ts"
import { formatTable, wrapColumns } from "../table.ts"

/** `berth project list`. */
export async function listProjects(session: Session): Promise<void> {
  const projects: Entity[] = []
  for await (const project of session.client.projects.list()) projects.push(await project.read())
  await printResult(projects, session, () =>
    projects.length === 0
      ? "No projects yet. The first run makes one, or: berth project create NAME"
      : formatTable(projects, [
          { title: "PROJECT", cell: (project) => project.name },
          { title: "CREATED", cell: (project) => project.metadata.created },
          { title: "BY", cell: (project) => project.user },
        ]),
  )
}

/** `berth project create NAME`. */
export async function createProject(session: Session, name: string): Promise<void> {
  const project = await session.client.projects.create({ name })
  await printResult(await project.read(), session, () => `Project ${name} is created.`)
}

/**
 * `berth project delete NAME [--cascade]`. What a project owns goes with it, so that has to be said.
 *
 * @throws BerthError `conflict` for a project that owns something, without `cascade`
 */
export async function deleteProject(session: Session, name: string, cascade: boolean): Promise<void> {
  const owned = cascade ? [] : await readOwned(session, name)
  if (owned.length > 0) {
    const what = owned.map(({ count, noun }) => `${count} ${count === 1 ? noun : `${noun}s`}`).join(", ")
    const message = `Project ${name} owns ${what}. Everything goes with it: berth project delete ${name} --cascade`
    throw new BerthError("conflict", message)
  }
  await session.client.project(name).delete({ cascade })
  await printResult({ name }, session, () => `Project ${name} is deleted.`)
}

async function readOwned({ client }: Session, project: string) {
  const query = { size: 1 }
  const [functions, runs, secrets] = await Promise.all([
    client.transport.call("listFunctions", { params: { project }, query: { ...query, kind: "*" } }),
    client.transport.call("listRuns", { params: { project }, query: { ...query, kind: "*" } }),
    client.transport.call("listSecrets", { params: { project }, query }),
  ])
  return [
    { noun: "function", count: functions.totalElements },
    { noun: "run", count: runs.totalElements },
    { noun: "secret", count: secrets.totalElements },
  ].filter(({ count }) => count > 0)
}

/** `berth inventory`: what there is to ask for. */
export async function showInventory(session: Session): Promise<void> {
  const inventory = await session.client.project(session.project).inventory()
  await printResult(inventory, session, () => {
    const { nodes, claims, configMaps, secrets, capabilities } = inventory
    return [
      formatTable(nodes, [
        { title: "NODE", cell: (node) => node.name },
        { title: "CPU", cell: (node) => `${node.requested.cpu ?? "0"} of ${node.allocatable.cpu ?? "0"}` },
        { title: "MEMORY", cell: (node) => `${toSize(node.requested.memory)} of ${toSize(node.allocatable.memory)}` },
        {
          title: "TAINTS",
          cell: (node) => node.taints.map((taint) => `${taint.key}=${taint.value ?? ""}:${taint.effect}`).join(", "),
        },
      ]),
      "",
      `claims      ${claims.join(", ") || "none"}`,
      `config maps ${configMaps.join(", ") || "none"}`,
      `secrets     ${secrets.join(", ") || "none"}`,
      "",
      wrapColumns(
        [["FIELD", "HERE", "HOW"], ...capabilities.map(({ path, level, how }) => [path, level, how])],
        session.terminal,
      ),
    ].join("\n")
  })
}

/** A quantity of bytes for people: `23.5 GiB`. */
function toSize(text: string | undefined): string {
  const quantity = parseQuantity(text ?? "0")
  return quantity === undefined ? (text ?? "") : formatBytes(toUnits(quantity))
}
