import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import fc from "fast-check"
import { expect, test } from "vitest"
import { unpackCode } from "../packages/local/src/unpack.ts"
import { toCode } from "../packages/sdk/src/pack/code.ts"
import { packFolder } from "../packages/sdk/src/pack/folder.ts"

const name = fc.oneof(
  fc.constantFrom("a", "b", "main.py", "größe", "日本.txt", "with space", "-dash", "n".repeat(120), "é".repeat(100)),
  fc.stringMatching(/^[a-z]{1,8}$/),
)
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"))
const files = fc.dictionary(path, fc.record({ bytes: fc.uint8Array({ maxLength: 2000 }), executable: fc.boolean() }), {
  minKeys: 1,
  maxKeys: 8,
})

/** A file may not lie below another one. */
function plantable(paths: readonly string[]): readonly string[] {
  return paths.filter((one) => !paths.some((other) => other !== one && one.startsWith(`${other}/`)))
}

test("a folder that a client packs is the same folder where it runs", async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "berth-round-trip-")))
  const source = join(root, "source")
  const target = join(root, "target")
  await fc.assert(
    fc.asyncProperty(files, async (tree) => {
      for (const folder of [source, target]) rmSync(folder, { recursive: true, force: true })
      const paths = plantable(Object.keys(tree))
      for (const file of paths) {
        mkdirSync(dirname(join(source, file)), { recursive: true })
        writeFileSync(join(source, file), tree[file]?.bytes ?? "")
        if (tree[file]?.executable === true) chmodSync(join(source, file), 0o755)
      }
      if (!paths.includes("link")) symlinkSync(paths[0] ?? "", join(source, "link"))
      const code = toCode({ form: "tar.gz", bytes: await packFolder(source) })
      await unpackCode(code, { folder: target, defaultName: "main.py" })
      // Names, kinds, executable bits, link targets; then contents.
      const list = (folder: string) =>
        execFileSync("find", [".", "!", "-type", "d", "-printf", "%p %y %l %m\n"], { cwd: folder, encoding: "utf8" })
          .split("\n")
          .toSorted()
      expect(list(target)).toEqual(list(source))
      execFileSync("diff", ["-r", "--no-dereference", source, target])
    }),
    { numRuns: 60 },
  )
  rmSync(root, { recursive: true })
})
