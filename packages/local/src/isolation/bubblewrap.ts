import { join } from "node:path"
import { attemptTitle } from "../remains.ts"
import { type HostTree, readHostTree } from "./host-tree.ts"
import type { Isolation, IsolationRequest } from "./isolation.ts"
import { type Mount, planMounts } from "./mount-plan.ts"
import { type MadeSkeletons, makeSkeletons } from "./skeletons.ts"

/** Namespaces made by bubblewrap: works as root and for users whom the kernel allows user namespaces. */
export function createBubblewrapIsolation(tools: { readonly bwrap: string; readonly sh: string }): Isolation {
  return {
    name: "bubblewrap",
    namespaces: true,
    wrap(request) {
      const { mounts, skeletons } = prepareMounts(request, readHostTree())
      return [
        tools.bwrap,
        ...fixedWords,
        ...mounts.flatMap((mount) => toWords(mount, skeletons)),
        "--",
        tools.sh,
        "-c",
        request.script,
        attemptTitle,
        request.places.uid,
      ]
    },
  }
}

const fixedWords = [
  "--unshare-pid",
  "--unshare-ipc",
  "--as-pid-1",
  "--die-with-parent",
  "--new-session",
  "--cap-drop",
  "ALL",
]

/** The plan of an attempt with its skeletons made. */
export function prepareMounts(
  { places, visible, volumes }: IsolationRequest,
  tree: HostTree,
): {
  readonly mounts: readonly Mount[]
  readonly skeletons: MadeSkeletons
  readonly plan: ReturnType<typeof planMounts>
} {
  const plan = planMounts({
    tree,
    data: places.data,
    own: [places.work, places.home, places.tmp, places.result],
    visible,
    tmp: places.tmp,
    volumes,
  })
  const folders = { shared: join(places.data, "local", "skeletons"), own: join(places.attempt, "skeleton") }
  return { plan, mounts: plan.mounts, skeletons: makeSkeletons(plan, folders) }
}

function toWords(mount: Mount, skeletons: MadeSkeletons): readonly string[] {
  switch (mount.form) {
    case "bind":
      return [mount.readOnly ? "--ro-bind" : "--bind", skeletons.pathOf(mount.source), mount.target]
    case "memory":
      return [...(mount.sizeBytes === undefined ? [] : ["--size", `${mount.sizeBytes}`]), "--tmpfs", mount.target]
    case "proc":
      return ["--proc", mount.target]
    case "devices":
      return ["--dev", mount.target, ...mount.files.flatMap((path) => ["--dev-bind-try", path, path])]
  }
}
