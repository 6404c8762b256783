import { resolve } from "node:path"
import { BerthError } from "@berth/spec"
import { describe, expect, it } from "vitest"
import { readConfig, settings } from "./config.ts"

describe("readConfig", () => {
  it("takes the defaults from an empty environment", () => {
    expect(readConfig({})).toEqual({
      listen: { host: "127.0.0.1", port: 8080 },
      dataDir: resolve(".berth"),
      executor: "local",
      localEngine: "process",
      logLevel: "info",
      idleMinutes: 0,
      bodyLimitBytes: 4 * 1024 * 1024,
      streamsPerClient: 64,
      defaults: {},
    })
  })

  it("reads every setting", () => {
    const config = readConfig({
      BERTH_LISTEN: "[::1]:0",
      BERTH_DATA: "/data",
      BERTH_EXECUTOR: "kubernetes",
      BERTH_LOCAL_ENGINE: "container",
      BERTH_DATABASE_URL: "postgres://berth:secret@db:5432/berth",
      BERTH_PUBLIC_URL: "https://berth.example/",
      BERTH_TOKENS_FILE: "tokens.json",
      BERTH_SECRET_KEY_FILE: "/run/key",
      BERTH_LOG_LEVEL: "debug",
      BERTH_IDLE_MINUTES: "10",
      BERTH_BODY_LIMIT_BYTES: "1024",
      BERTH_STREAMS_PER_CLIENT: "1",
      BERTH_DEFAULTS: '{"resources":{"mem":"1Gi"}}',
    })
    expect(config).toEqual({
      listen: { host: "::1", port: 0 },
      dataDir: "/data",
      executor: "kubernetes",
      localEngine: "container",
      databaseUrl: "postgres://berth:secret@db:5432/berth",
      publicUrl: "https://berth.example",
      tokensFile: resolve("tokens.json"),
      secretKeyFile: "/run/key",
      logLevel: "debug",
      idleMinutes: 10,
      bodyLimitBytes: 1024,
      streamsPerClient: 1,
      defaults: { resources: { mem: "1Gi" } },
    })
    expect(Object.keys(config)).toHaveLength(settings.length)
  })

  it("treats an empty value as unset", () => {
    expect(readConfig({ BERTH_LISTEN: "", BERTH_DATABASE_URL: "" })).toEqual(readConfig({}))
  })

  it("names every bad value at once, without passwords", () => {
    const env = {
      BERTH_LISTEN: "8080",
      BERTH_EXECUTOR: "docker",
      BERTH_DATABASE_URL: "mysql://me:hunter22@db/x",
      BERTH_PUBLIC_URL: "ftp://x",
      BERTH_LOG_LEVEL: "loud",
      BERTH_IDLE_MINUTES: "-1",
      BERTH_BODY_LIMIT_BYTES: "12",
      BERTH_STREAMS_PER_CLIENT: "1e3",
      BERTH_DEFAULTS: "[]",
    }
    const message = messageOf(() => readConfig(env))
    for (const variable of Object.keys(env)) expect(message).toContain(variable)
    expect(message).not.toContain("hunter22")
  })

  it.each(["localhost", "127.0.0.1:70000", "[nope]:1", "a b:1", ":80", "::1:80"])("refuses to listen on %s", (text) => {
    expect(messageOf(() => readConfig({ BERTH_LISTEN: text }))).toContain("HOST:PORT")
  })
})

describe("docs/settings.md", () => {
  it("lists every setting as the program knows it", async () => {
    const rows = settings.map(
      ({ variable, fallback, description }) =>
        `| \`${variable}\` | ${fallback === undefined ? "" : `\`${fallback}\``} | ${description} |`,
    )
    const page = [
      "# Settings of the server",
      "",
      "Read once at start from the environment; the options of `berth serve` come before them. A value that can't be used",
      "stops the start, and every such value is named.",
      "",
      "| variable | default | what |",
      "|---|---|---|",
      ...rows,
      "",
    ]
    await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/settings.md")
  })
})

function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof BerthError && error.code === "invalid") return error.message
    throw error
  }
  throw new Error("Nothing was refused.")
}
