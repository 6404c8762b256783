import { describe, expect, it } from "vitest"
import { createFinding } from "./finding.ts"
import { fieldFindings } from "./findings/field.ts"
import { fileFindings } from "./findings/file.ts"
import { fitFindings } from "./findings/fit.ts"
import { outcomeFindings } from "./findings/outcome.ts"
import { quantityFindings } from "./findings/quantity.ts"
import { requestFindings } from "./findings/request.ts"
import { requirementFindings } from "./findings/requirement.ts"
import { type FindingCode, type FindingData, vocabulary } from "./vocabulary.ts"

const areas = [
  fieldFindings,
  requirementFindings,
  quantityFindings,
  fileFindings,
  fitFindings,
  outcomeFindings,
  requestFindings,
]

const misspelt = { value: "64GB", suggestions: ["64G", "64Gi"] }
const conflict = { resource: "mem", requests: "64Gi", limits: "2Gi" }

/** Facts for every code; a code without them does not compile. The first has every member, the last only what must be. */
const samples = {
  "field.unknown": [{ key: "tolerence", suggestion: "tolerations" }, { key: "x" }],
  "field.unknown.kept": [{ key: "tolerence", suggestion: "tolerations" }, { key: "x" }],
  "field.type": [{ expected: "a list", got: "a number" }],
  "field.value": [{ value: "NoSchedul", allowed: ["NoSchedule", "NoExecute"], suggestion: "NoSchedule" }],
  "field.required": [{ field: "mount_path" }],
  "field.range": [{ value: 70000, min: 1, max: 65535 }],
  "field.name": [
    { value: "My Volume", rule: "a DNS-1123 label", suggestion: "my-volume" },
    { value: "!", rule: "a name" },
  ],
  "field.character": [{ character: "U+0000" }],
  "field.too_long": [{ length: 5000, max: 4096 }],
  "field.too_many": [{ count: 2000, max: 1000 }],
  "field.too_deep": [{ max: 32 }],
  "field.prototype": [{ key: "__proto__" }],
  "field.twice": [{ first: "toleration", second: "tolerations" }],
  "field.repeated": [{ value: "TOKEN" }],
  "field.coerced": [{ from: "20", to: '"20"' }],
  "field.more": [{ shown: 100 }],
  "historic.alias": [{ used: "toleration", canonical: "tolerations" }],
  "historic.form": [{ used: "{ key, value }", canonical: "{ disktype: ssd }" }],
  "historic.schedule": [{ schedule: "* * * * *" }],
  "volume.mount_path.duplicate": [
    { mountPath: "/data", volume: "mine", other: "corpus", layer: "task", otherLayer: "profile" },
    { mountPath: "/data", volume: "mine", other: "corpus" },
  ],
  "resources.disk.mount_path": [
    { mountPath: "/shared", volume: "data", layer: "task", otherLayer: "run" },
    { mountPath: "/shared", volume: "data" },
  ],
  "env.name.reserved": [{ name: "RUN_ID", layer: "task" }, { name: "RUN_ID" }],
  "env.name.secret": [
    { name: "A", secret: "A", layer: "task", otherLayer: "run" },
    { name: "A", secret: "A" },
  ],
  "secret.env.duplicate": [
    { variable: "A", secret: "B", other: "A", layer: "task" },
    { variable: "A", secret: "B", other: "A" },
  ],
  "resources.layers.conflict": [{ ...conflict, layer: "task", otherLayer: "profile" }, conflict],
  "node_selector.conflict": [{ key: "disktype", first: "ssd", second: "hdd" }],
  "label.key": [{ key: "a b" }],
  "label.value": [{ value: "a b" }],
  "annotations.too_large": [{ bytes: 300_000, max: 262_144 }],
  "env.name.invalid": [{ name: "1A", suggestion: "_1A" }, { name: "1A" }],
  "env.name.unreadable": [{ name: "env-name", suggestion: "env_name" }],
  "env.name.duplicate": [{ name: "A", other: "envs[0]" }],
  "env.value_from": [{ key: "valueFrom" }],
  "secret.alias": [{ name: "my-secret", alias: "MY_SECRET" }],
  "volume.name.duplicate": [{ name: "data", other: "volumes[0]" }],
  "volume.name_used": [{ field: "spec.claim_name", name: "data" }],
  "volume.size_default": [{ size: "1Gi" }],
  "volume.claim_and_size": [{ claim: "corpus", size: "1Gi" }],
  "volume.read_only_always": [{ type: "image" }],
  "volume.mount_path.invalid": [
    { value: "data", reason: "it is relative", suggestion: "/data" },
    { value: "", reason: "it is empty" },
  ],
  "volume.mount_path.hides": [{ mountPath: "/usr", hidden: "/usr/bin" }],
  "volume.mount_path.nested": [{ mountPath: "/data/more", parent: "/data" }],
  "volume.path": [{ value: "../x", reason: "it leaves the volume" }],
  "toleration.seconds_dropped": [{ effect: "NoSchedule" }],
  "toleration.exists_with_value": [{ value: "v100" }],
  "toleration.key_missing": [{}],
  "affinity.values": [{ operator: "Exists", reason: "takes no values" }],
  "affinity.match_fields": [{ reason: "knows metadata.name only" }],
  "affinity.term_empty": [{}],
  "affinity.preference_shape": [{ terms: 1 }],
  "affinity.preference_terms": [{ terms: 2 }],
  "duration.invalid": [{ value: "90", suggestion: "90s" }, { value: "soon" }],
  "service.port.duplicate": [{ port: 80, other: "service_ports[0]" }],
  "quantity.invalid": [misspelt, { value: "much", suggestions: [] }],
  "quantity.comma": [{ value: "1,5", suggestions: ["1.5"] }],
  "quantity.space": [{ value: "64 Gi", suggestions: ["64Gi"] }],
  "quantity.unit_byte": [misspelt],
  "quantity.case": [{ value: "64gi", suggestions: ["64Gi"] }],
  "quantity.negative": [{ value: "-1" }],
  "quantity.zero": [{ value: "0" }],
  "quantity.exa": [{ value: "1E", suggestion: "1e18" }],
  "quantity.exponent": [{ value: "1E3", suggestion: "1000" }],
  "quantity.bare_bytes": [{ value: "1000000", suggestion: "1M" }],
  "memory.milli": [{ value: "64m", suggestion: "64Mi" }, { value: "64m" }],
  "memory.too_small": [{ value: "64", suggestion: "64Mi" }, { value: "64" }],
  "memory.limit_derived": [{ requests: "64Mi", limits: "72090Ki" }],
  "cpu.too_fine": [{ value: "0.5m", suggestion: "1m" }],
  "cpu.suspicious": [{ value: "1500", suggestion: "1500m" }, { value: "1500" }],
  "gpu.fractional": [{ value: "0.5", suggestion: "1" }, { value: "0.5" }],
  "gpu.unequal": [{ requests: "1", limits: "2" }],
  "gpu.types": [{ first: "nvidia.com/gpu", second: "amd.com/gpu" }],
  "gpu.limit_copied": [{ requests: "1" }],
  "resources.request_over_limit": [conflict],
  "file.syntax": [{ line: 3, column: 7, detail: "unexpected {" }],
  "file.shape": [{ detail: "a function needs a name" }],
  "file.action": [{ action: "jobb", actions: ["job", "serve", "deploy"], suggestion: "job" }],
  "file.kind": [
    { kind: "pyton", kinds: ["python", "node"] },
    { kind: "", kinds: ["python"] },
  ],
  "resources.insufficient": [
    { resource: "cpu", requested: "2", free: "1", allocatable: "4", node: "a", layer: "task" },
    { resource: "cpu", requested: "2", free: "1", allocatable: "4" },
  ],
  "resources.exceed_node": [
    { resource: "memory", requested: "64Gi", allocatable: "62Gi", shortfall: "2Gi", node: "gpu-3", layer: "task" },
    { resource: "memory", requested: "64Gi", allocatable: "62Gi", shortfall: "2Gi", node: "gpu-3" },
  ],
  "gpu.none": [
    { resource: "nvidia.com/gpu", requested: "1", node: "a", available: ["amd.com/gpu (2)"], layer: "task" },
    { resource: "nvidia.com/gpu", requested: "1", node: "a", available: [] },
  ],
  "placement.selector.no_match": [
    { key: "disktype", value: "ssd", node: "a", actual: "hdd", nearestKeys: ["disk=ssd"], layer: "task" },
    { key: "disktype", value: "ssd", node: "a", nearestKeys: [] },
  ],
  "placement.affinity.no_match": [
    { node: "a", unmet: ["zone In (b)"], layer: "task" },
    { node: "a", unmet: [] },
  ],
  "placement.taint.untolerated": [{ node: "a", taint: "k=v:NoSchedule", toleration: "{ key: k, operator: Exists }" }],
  "placement.node.unschedulable": [{ node: "a" }],
  "volume.claim.missing": [{ volume: "data", claim: "corpus" }],
  "volume.claim.source": [{ claim: "corpus", source: "data/corpus", reason: "it does not exist" }],
  "volume.config_map.missing": [{ volume: "words", name: "stop-words" }],
  "volume.secret.missing": [{ volume: "keys", name: "key" }],
  "volume.key.missing": [
    { volume: "words", kind: "ConfigMap", name: "stop-words", key: "de", available: ["en"] },
    { volume: "words", kind: "ConfigMap", name: "stop-words", key: "de", available: [] },
  ],
  "parity.approximated": [{ path: "resources.mem.limits", how: "a watcher looks every 100 ms" }],
  "parity.ignored": [{ path: "image", how: "programs run on the host" }],
  "exit.nonzero": [{ exitCode: 255 }, { exitCode: 1 }],
  "exit.not_executable": [{ command: "./run.sh" }, {}],
  "exit.not_found": [{ command: "pyton" }, {}],
  "exit.native_crash": [4, 6, 7, 8, 11].map((signal) => ({ signal, exitCode: 128 + signal })),
  "exit.signaled": [
    { signal: 9, exitCode: 137 },
    { signal: 15, exitCode: 143 },
    { signal: 31, exitCode: 159 },
  ],
  "exit.out_of_memory": [{ limit: "8Gi", peakBytes: 8_589_934_592 }, { limit: "8Gi" }, {}],
  "exit.out_of_memory.suspected": [{ limit: "8Gi", peakBytes: 8_500_000_000 }],
  "storage.exceeded": [{ message: "used 2Gi of 1Gi" }, {}],
  "timeout.running": [{ timeout: "30m" }],
  "timeout.queued": [{ timeout: "24h" }],
  "run.stopped": [{ user: "ann" }, {}],
  "run.lost": [{ node: "gpu-2", message: "the node is gone" }, {}],
  "run.disrupted": [{ node: "gpu-2", message: "drained" }, {}],
  "run.not_started": [{ message: "no such interpreter" }, {}],
  "run.retried": [{ attempt: 1, next: 2, cause: "run.lost" }],
  "run.start_failed": [{ message: "the disk is full" }],
  "run.memory_raised": [
    { attempt: 2, from: "8Gi", to: "12Gi" },
    { attempt: 2, to: "12Gi" },
  ],
  "service.exited": [{}],
  "handler.load_failed": [{ type: "ModuleNotFoundError", message: "No module named x" }],
  "handler.raised": [
    { type: "ValueError", message: "no" },
    { type: "KeyboardInterrupt", message: "" },
  ],
  "result.too_large": [{ limitBytes: 262_144, message: "The result has 300000 bytes." }],
  "result.not_json": [{ message: "The value at model is a Booster." }],
  "log.truncated": [{ limitBytes: 268_435_456 }],
  "log.gap": [{ reason: "the file was gone" }],
  "port.in_use": [{ port: 8080 }],
  "policy.denied": [
    { field: "runtime_class", rule: "deny", layer: "task" },
    { field: "runtime_class", rule: "deny" },
  ],
  "code.unreadable": [{ reason: "It is no tar.gz." }],
  "code.too_large": [{ bytes: 1_000_000, limitBytes: 900_000 }],
  "request.invalid": [
    { in: "query", problem: "must be a number", key: "page" },
    { in: "body", problem: "is empty" },
  ],
  "request.malformed": [{ format: "JSON", reason: "Unexpected end." }],
  "request.too_large": [{ limitBytes: 10_485_760 }],
  "request.too_deep": [{ limit: 64 }],
  "request.text": [{ what: "A NUL character" }],
  "reference.invalid": [{ reference: "x", expected: "container://<project>/<name>:<id>" }],
  "function.missing": [{ reference: "train" }],
  "task.missing": [{ reference: "train" }],
  "task.mismatch": [{ task: "t", function: "f", expected: "g" }],
  "kind.mismatch": [{ kind: "python+job:run", function: "f", expected: "python" }],
  "action.unsupported": [{ action: "build", executor: "local" }],
  "profile.unknown": [
    { name: "1xa10", choices: ["1xa100"], suggestion: "1xa100" },
    { name: "x", choices: [] },
  ],
  "profile.mode_unknown": [{ field: "resource", suggestion: "resources" }, { field: "x" }],
  "policy.field_unknown": [{ field: "resource", suggestion: "resources" }, { field: "x" }],
  "volume.reference.forbidden": [{ kind: "Secret", name: "proj-secrets-a", rule: "berth-own-objects" }],
  "label.reserved": [{ key: "berth.dev/run", rule: "berth-own-labels" }],
  "secret.missing": [{ name: "TOKN", suggestion: "TOKEN" }, { name: "X" }],
  "secret.unset": [{ name: "TOKEN" }],
  "secret.short": [{ name: "PIN", length: 4 }],
  "image.missing": [{ image: "a:1", policy: "Never" }],
  "image.pull_failed": [{ image: "a:1", message: "connection refused" }],
  "program.invalid": [{ member: "args", expected: "a list of strings" }],
  "program.missing": [{ kind: "container", member: "a command" }],
  "command.spaces": [{ command: "python3 -c" }],
  "code.missing": [{ kind: "python" }],
  "code.source_unsupported": [{ source: "git://x" }],
  "parity.below": [{ path: "image", level: "ignored", how: "programs run on the host" }],
  "object.invalid": [{ problem: "a Deployment" }],
} satisfies { readonly [Code in FindingCode]: readonly FindingData<Code>[] }

const cases = Object.entries(samples).flatMap(([code, facts]) =>
  facts.map((data) => ({ code: code as FindingCode, data: data as FindingData<FindingCode> })),
)

describe("the vocabulary", () => {
  it("has samples for every code, and no area takes another's", () => {
    expect(Object.keys(samples).sort()).toEqual(Object.keys(vocabulary).sort())
    const all = areas.flatMap((area) => Object.keys(area))
    expect(all.filter((code, index) => all.indexOf(code) !== index)).toEqual([])
    for (const facts of Object.values(samples)) expect(facts.length).toBeGreaterThan(0)
  })

  it.each(Object.keys(vocabulary))("%s is dotted lower case", (code) => {
    expect(code).toMatch(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/)
  })

  it.each(cases)("$code speaks in sentences: $data", ({ code, data }) => {
    const finding = createFinding(code, data)
    for (const text of [finding.message, ...(finding.hint === undefined ? [] : [finding.hint])]) {
      expect(text).not.toMatch(/undefined|NaN|\[object|\s{2}|\.\.$|: \.|\s$/)
      expect(text.length).toBeGreaterThan(10)
    }
    expect(finding.message).toMatch(/[.?]$|: /)
    expect(Object.keys(finding)).not.toContain("path")
  })

  it("says something of every fact that a reader needs", () => {
    const silent = new Set<string>(["layer", "otherLayer", "suggestion"])
    for (const { code, data } of cases) {
      const { message, hint = "" } = createFinding(code, data)
      for (const [fact, value] of Object.entries(data)) {
        if (silent.has(fact) || code === "quantity.zero" || typeof value !== "string" || value === "") continue
        expect([code, fact, `${message} ${hint}`]).toEqual([code, fact, expect.stringContaining(value)])
      }
    }
  })
})
