import { describe, expect, it } from "vitest"
import { readDocuments } from "./document.ts"
import { findingPosition } from "./findings.ts"
import { positionOf } from "./position.ts"

const text = `# comment
kind: node
name: word-count
handler: count.ts:count
run:
  action: job
  resources: { cpu: { limits: "1" } }
  volumes:
    - name: data
      mount_path: /data
---
kind: container
name: hello
project: other
command: echo
`

function read(content: string) {
  return readDocuments("berth.yaml", content)
}

describe("a file", () => {
  it("holds one function per document, its own members apart from its run's", () => {
    const { documents, problems } = read(text)
    expect(problems).toEqual([])
    expect(documents).toMatchObject([
      { kind: "node", name: "word-count", action: "job", spec: { handler: "count.ts:count" } },
      { kind: "container", name: "hello", project: "other", action: "job", spec: { command: "echo" }, run: {} },
    ])
    expect(documents[0]?.run).toEqual({
      resources: { cpu: { limits: "1" } },
      volumes: [{ name: "data", mount_path: "/data" }],
    })
  })

  it.each([
    ["kind: node\nname: [", "file.syntax"],
    ["kind: node\nname: a\nname: b", "file.syntax"],
    ["- kind: node", "file.shape"],
    ["kind: pyton\nname: a", "file.kind"],
    ["kind: node", "file.shape"],
    ["kind: node\nname: a\nrun: job", "file.shape"],
    ["kind: node\nname: a\nhandlr: x", "field.unknown"],
  ])("%j is refused as %s", (content, code) => {
    expect(read(content).problems.map(({ finding }) => finding.code)).toContain(code)
    expect(read(content).documents).toEqual([])
  })

  it("suggests the member that was meant and points at the key", () => {
    const [problem] = read("kind: node\nname: a\nhandlr: x").problems
    expect(problem?.finding.message).toContain("Did you mean handler?")
    if (problem === undefined) throw new Error("no problem")
    expect(findingPosition(problem.finding, { source: problem.source, root: [] })).toEqual({ line: 3, column: 1 })
  })

  it("expands aliases a limited number of times only", () => {
    const bomb = ["kind: node", "name: a", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for (let level = 1; level < 9; level += 1) {
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`)
    }
    expect(() => read(bomb.join("\n"))).toThrow(/alias/i)
  })
})

describe("a position", () => {
  const source = read(text).documents[0]?.source
  const second = read(text).documents[1]?.source
  if (source === undefined || second === undefined) throw new Error("no document")

  it.each([
    [["run", "resources", "cpu", "limits"], { line: 7, column: 31 }],
    [["run", "volumes", 0, "mount_path"], { line: 10, column: 19 }],
    [["run", "volumes", 0], { line: 9, column: 7 }],
    [["run", "volumes", 5], { line: 9, column: 5 }],
    [["run", "nothing", "there"], { line: 6, column: 3 }],
    [["name"], { line: 3, column: 7 }],
  ])("of %j", (path, position) => {
    expect(positionOf(source, path)).toEqual(position)
  })

  it("is the key's where the key is what is wrong", () => {
    expect(positionOf(source, ["run", "volumes"], "key")).toEqual({ line: 8, column: 3 })
  })

  it("counts through all documents of a file", () => {
    expect(positionOf(second, ["command"])).toEqual({ line: 15, column: 10 })
  })
})
