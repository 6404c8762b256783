import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "./programs.ts"

/**
 * `npm run demo`: runs examples/word-count through the `berth` command in a folder of its own, then submits a request
 * in which three things are wrong. Ends the server it started and removes the folder.
 */
const impossible = `# Three things are wrong here.
kind: container
name: impossible
command: [sh, -c, "echo never"]
run:
  action: job
  resources:
    mem: { requests: 64GB }
    gpu: { limits: "1" }
  tolerence: [{ key: nvidia.com/gpu, operator: Exists }]
`

const folder = await mkdtemp(join(tmpdir(), "berth-demo-"))
const example = join(root, "examples/word-count")

/** Runs the command as a user would, and shows the command line. */
function berth(args: readonly string[], input?: string): Promise<number> {
  console.log(
    `\n$ ${input === undefined ? "" : "echo -n … | "}berth ${args.join(" ").replaceAll(`${root}/`, "").replaceAll(`${folder}/`, "")}`,
  )
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=@berth/source", join(root, "packages/cli/src/main.ts"), ...args],
      {
        cwd: folder,
        stdio: [input === undefined ? "ignore" : "pipe", "inherit", "inherit"],
        env: { ...process.env, BERTH_ENDPOINT: "", BERTH_PROJECT: "" },
      },
    )
    child.once("error", reject)
    child.once("exit", (code) => resolve(code ?? 128))
    child.stdin?.end(input)
  })
}

/** Runs one step that must end with a certain exit status. */
async function step(expected: number, args: readonly string[], input?: string): Promise<void> {
  const code = await berth(args, input)
  if (code !== expected) throw new Error(`berth ${args[0]} ended with ${code}, not ${expected}.`)
}

try {
  await writeFile(join(folder, "impossible.yaml"), impossible)
  await step(0, ["secret", "set", "SALT"], "pepper and salt")
  await step(0, ["run", join(example, "berth.yaml"), "--objects", join(example, "objects.yaml"), "--follow"])
  await step(2, ["run", "impossible.yaml"])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await berth(["down"])
  await rm(folder, { recursive: true, force: true })
}
