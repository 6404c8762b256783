import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { findPart, partNames, required } from "./parts.ts"
import { installed, root, runProgram } from "./programs.ts"

/**
 * `npm test [-- FILTER …]`: builds, runs every suite whose parts are here, names what was skipped and why, and ends
 * with one line of counts over everything.
 */
interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const counts: Counts = { passed: 0, failed: 0, skipped: 0 }

function count(name: string, code: number): void {
  if (code === 0) counts.passed += 1
  else {
    counts.failed += 1
    console.log(`failed: ${name} (exit code ${code})`)
  }
}

async function runVitest(filters: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "berth-test-"))
  const output = join(folder, "report.json")
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${output}`, ...filters]
  const code = await runProgram(process.execPath, [installed("vitest"), ...args])
  const report = await readFile(output, "utf8").then(
    (text) => JSON.parse(text) as VitestReport,
    () => undefined,
  )
  await rm(folder, { recursive: true, force: true })
  if (report === undefined) return count("vitest wrote no report", code === 0 ? 1 : code)
  const before = counts.failed
  add(report)
  // An error outside of any test has no line of its own in the report, yet it is a failure.
  if (code !== 0 && counts.failed === before) count("an error outside of a test", code)
}

function add(report: VitestReport): void {
  counts.passed += report.numPassedTests
  counts.failed += report.numFailedTests
  counts.skipped += report.numPendingTests + report.numTodoTests
  for (const file of report.testResults) {
    const name = relative(root, file.name)
    if (file.status === "failed" && file.assertionResults.length === 0)
      count(`${name} did not load: ${file.message}`, 1)
    const skipped = file.assertionResults.filter(({ status }) => ["skipped", "pending", "todo"].includes(status))
    if (skipped.length > 0) console.log(`skipped in ${name}: ${skipped.map(({ fullName }) => fullName).join("; ")}`)
  }
}

function tellParts(): void {
  for (const name of partNames) {
    const part = findPart(name)
    if (part.here) continue
    if (required().includes(name)) count(`BERTH_REQUIRE names ${name}, but ${part.reason}`, 1)
    else console.log(`not here: ${name} (${part.reason}); suites that need it are skipped`)
  }
}

count(
  "npm run build",
  await runProgram(process.execPath, ["--conditions=@berth/source", join(root, "scripts/build.ts")]),
)
await runVitest(process.argv.slice(2))
tellParts()
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed === 0 ? 0 : 1
