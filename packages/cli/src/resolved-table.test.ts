import { expect, it } from "vitest"
import { formatResolved } from "./resolved-table.ts"
import type { Terminal } from "./terminal.ts"

const plain: Terminal = {
  out: () => {},
  note: () => {},
  write: () => {},
  paint: (_style, text) => text,
  interactive: false,
}

it("shows value, who set it, how faithfully it is met and by what means", () => {
  const text = formatResolved(
    {
      requirements: {
        resources: { mem: { limits: "256Mi" } },
        volumes: [{ volume_type: "persistent_volume_claim", name: "corpus", mount_path: "/data", spec: {} }],
        secrets: [{ name: "SALT" }],
        node_selector: { "example.com/disk.type": "ssd" },
        timeouts: { queued: "24h" },
      },
      provenance: {
        "resources.mem.limits": { layer: "run", path: [] },
        "volumes.corpus.mount_path": { layer: "task", path: [] },
        "secrets.SALT": { layer: "run", path: [] },
        "node_selector.example.com/disk.type": { layer: "profile", path: [] },
        "timeouts.queued": { layer: "default", path: [] },
      },
      parity: [
        { path: "resources.mem.limits", level: "enforced", how: "cgroup v1 memory limit" },
        { path: "volumes.corpus", level: "approximated", how: "a link" },
        { path: "secrets.SALT", level: "enforced", how: "" },
        { path: "node_selector.example.com/disk.type", level: "ignored", how: "no Node manifest" },
      ],
    },
    plain,
  )
  expect(text.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["resources.mem.limits", "256Mi", "run", "enforced", "cgroup v1 memory limit"],
    ["volumes.corpus", "/data", "task", "approximated", "a link"],
    ["secrets.SALT", "env SALT", "run", "enforced"],
    ["node_selector.example.com/disk.type", "ssd", "profile", "ignored", "no Node manifest"],
    ["timeouts.queued", "24h", "default"],
  ])
})
