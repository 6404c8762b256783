import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { type TestEntry, tarOf } from "./make-tar.ts"

/** Where a statically linked busybox is, on Debian and elsewhere. */
const busyboxPaths = ["/bin/busybox", "/usr/bin/busybox"]
const applets = [
  "sh",
  "echo",
  "cat",
  "sleep",
  "true",
  "false",
  "env",
  "id",
  "pwd",
  "touch",
  "ls",
  "dd",
  "tail",
  "printf",
  "seq",
  "httpd",
]

/** The path of busybox; undefined where there is none. */
export function findBusybox(): string | undefined {
  return busyboxPaths.find((path) => existsSync(path))
}

/**
 * A small image as `docker save` writes one, made of this machine's busybox: no registry is needed.
 * Its entry point is `/bin/echo`, its arguments `from the image`, its working directory `/srv`.
 */
export function makeImage(reference: string, busybox: string): Uint8Array {
  const layer = tarOf([
    ...["bin", "etc", "srv", "tmp", "proc", "sys", "dev"].map((name): TestEntry => ({ name, type: "5", mode: 0o755 })),
    { name: "etc/passwd", body: "root:x:0:0:root:/root:/bin/sh\n" },
    { name: "bin/busybox", body: readFileSync(busybox), mode: 0o755 },
    ...applets.map((name): TestEntry => ({ name: `bin/${name}`, type: "2", linkName: "busybox" })),
  ])
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config: {
      Env: ["PATH=/bin", "FROM_IMAGE=yes"],
      Entrypoint: ["/bin/echo"],
      Cmd: ["from", "the", "image"],
      WorkingDir: "/srv",
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${createHash("sha256").update(layer).digest("hex")}`] },
    history: [{ created: "2026-01-01T00:00:00Z", created_by: "test" }],
  })
  const name = `${createHash("sha256").update(config).digest("hex")}.json`
  const manifest = JSON.stringify([{ Config: name, RepoTags: [reference], Layers: ["layer.tar"] }])
  return tarOf([
    { name, body: config },
    { name: "layer.tar", body: layer },
    { name: "manifest.json", body: manifest },
  ])
}
