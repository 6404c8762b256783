import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApp, type TestApp, testTokens, tokensForTests } from "./app-for-tests.ts"
import { checkListen, hashToken, readTokensFile } from "./tokens-file.ts"

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const root = bearer(testTokens.admin)
const ada = bearer(testTokens.ada)
const bob = bearer(testTokens.bob)

describe("a server with tokens", () => {
  let test: TestApp
  beforeEach(async () => {
    test = await startTestApp({ tokens: tokensForTests })
    await test.call("POST", "/api/v1/projects", { name: "alpha" }, ada)
    await test.call("POST", "/api/v1/projects", { name: "beta" }, bob)
  })
  afterEach(() => test.close())

  it.each([
    [{}, 403],
    [{ authorization: "" }, 403],
    [{ authorization: "Bearer" }, 403],
    [bearer("wrong"), 401],
    [{ authorization: `Basic ${Buffer.from("ada:wrong").toString("base64")}` }, 403],
    [{ authorization: `Basic ${Buffer.from(`bob:${testTokens.ada}`).toString("base64")}` }, 403],
    [{ authorization: `Basic ${Buffer.from(`ada:${testTokens.ada}`).toString("base64")}` }, 200],
    [ada, 200],
  ])("answers %j with %i", async (headers, status) => {
    expect((await test.call("GET", "/api/auth", undefined, headers)).status).toBe(status)
  })

  it("keeps projects apart (I9), on every route that names one", async () => {
    for (const url of ["/api/v1/projects/beta", "/api/v1/-/beta/runs", "/api/v1/-/beta/secrets/data?keys=a"]) {
      expect((await test.call("GET", url, undefined, ada)).status).toBe(403)
      expect((await test.call("GET", url, undefined, root)).status).toBe(200)
    }
    for (const url of ["policy", "inventory", "objects", "events", "runs/r/logs", "runs/r/explain"]) {
      const answer = await test.call("GET", `/api/berth/v1/projects/beta/${url}`, undefined, ada)
      expect(answer.status).toBe(403)
    }
    expect((await test.call("DELETE", "/api/v1/projects/beta", undefined, ada)).status).toBe(403)
    expect(await test.store.projects.get("beta")).toBeDefined()
    expect((await test.call("POST", "/api/v1/projects", { name: "gamma" }, ada)).status).toBe(403)
  })

  it("a token made for one project reaches no other that is shared with its owner", async () => {
    await test.call("POST", "/api/v1/projects/beta/share?user=ada", undefined, bob)
    const made = await test.call("POST", "/api/berth/v1/tokens", { name: "ci", projects: ["alpha"] }, ada)
    const narrow = bearer(made.body.token)
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, ada)).status).toBe(200)
    expect((await test.call("GET", "/api/v1/-/alpha/runs", undefined, narrow)).status).toBe(200)
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, narrow)).status).toBe(403)
    const { body } = await test.call("GET", "/api/v1/projects", undefined, narrow)
    expect(body.content.map(({ name }: { name: string }) => name)).toEqual(["alpha"])
  })

  it("cannot be told by a spelling of the project that the check does not see", async () => {
    for (const url of [
      "/api/v1/-/%62eta/runs",
      "/api/v1/-/BETA/runs",
      "/api/v1/-/alpha%2F..%2Fbeta/runs",
      "/api/v1//-/beta/runs",
    ]) {
      expect((await test.call("GET", url, undefined, ada)).status, url).toBeGreaterThanOrEqual(400)
    }
  })

  it("lists only what one may see, and shares with whom it is told", async () => {
    const names = async (headers: object) =>
      (await test.call("GET", "/api/v1/projects", undefined, headers)).body.content.map(({ id }: { id: string }) => id)
    expect(await names(ada)).toEqual(["alpha"])
    expect(await names(root)).toEqual(["alpha", "beta"])
    const share = await test.call("POST", "/api/v1/projects/beta/share?user=ada", undefined, bob)
    expect(share.body).toMatchObject({ project: "beta", user: "ada", owner: "bob" })
    expect(await names(ada)).toEqual(["alpha", "beta"])
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, ada)).status).toBe(200)
    expect((await test.call("DELETE", "/api/v1/projects/beta", undefined, ada)).status).toBe(403)
    expect((await test.call("POST", "/api/v1/projects/beta/share?user=eve", undefined, ada)).status).toBe(403)
    await test.call("DELETE", `/api/v1/projects/beta/share?id=${share.body.id}`, undefined, bob)
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, ada)).status).toBe(403)
  })

  it("leaves profiles, policies and keys to administrators", async () => {
    const profile = { name: "big", requirements: { resources: { cpu: "1" } } }
    const asUser = [
      await test.call("PUT", "/api/berth/v1/profiles/big", profile, ada),
      await test.call("PUT", "/api/berth/v1/projects/alpha/policy", {}, ada),
      await test.call("POST", "/api/berth/v1/secrets/rotate-key", {}, ada),
      await test.call("DELETE", "/api/berth/v1/profiles/big", undefined, ada),
    ]
    expect(asUser.map(({ status }) => status)).toEqual([403, 403, 403, 403])
    expect((await test.call("PUT", "/api/berth/v1/profiles/big", profile, root)).status).toBe(200)
    expect((await test.call("GET", "/api/berth/v1/profiles", undefined, ada)).body).toEqual([profile])
  })

  it("gives personal tokens that can do no more than their owner, end, and are kept as a hash", async () => {
    const made = await test.call("POST", "/api/berth/v1/tokens", { name: "laptop" }, ada)
    const mine = bearer(made.body.token)
    expect((await test.call("GET", "/api/v1/-/alpha/runs", undefined, mine)).status).toBe(200)
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, mine)).status).toBe(403)
    expect((await test.call("POST", "/api/berth/v1/tokens", { name: "x", projects: ["beta"] }, ada)).status).toBe(403)
    expect((await test.call("GET", "/api/berth/v1/tokens", undefined, ada)).text).not.toContain(made.body.token)
    expect(await test.store.principals.tokenByHash(hashToken(made.body.token))).toMatchObject({ user: "ada" })
    await test.call("DELETE", `/api/berth/v1/tokens/${made.body.id}`, undefined, bob)
    expect((await test.call("GET", "/api/auth", undefined, mine)).status).toBe(200)
    await test.call("DELETE", `/api/berth/v1/tokens/${made.body.id}`, undefined, ada)
    expect((await test.call("GET", "/api/auth", undefined, mine)).status).toBe(401)
    const expired = await test.call(
      "POST",
      "/api/berth/v1/tokens",
      { name: "old", expires: "2020-01-01T00:00:00Z" },
      ada,
    )
    expect((await test.call("GET", "/api/auth", undefined, bearer(expired.body.token))).status).toBe(401)
  })

  it("gives a personal token none that outlives it, reaches further or may more", async () => {
    const make = (body: object, by: object) => test.call("POST", "/api/berth/v1/tokens", { name: "t", ...body }, by)
    const end = "2100-01-01T00:00:00.000Z"
    const short = bearer((await make({ expires: end, projects: ["alpha"] }, root)).body.token)
    expect((await make({}, short)).body).toMatchObject({ expires: end, projects: ["alpha"], role: "admin" })
    expect((await make({ expires: "2099-01-01T00:00:00Z" }, short)).body.expires).toBe("2099-01-01T00:00:00.000Z")
    expect((await make({ expires: "2100-01-01T00:00:01Z" }, short)).status).toBe(403)
    expect((await make({ projects: ["alpha", "beta"] }, short)).status).toBe(403)
    const grandchild = bearer((await make({}, bearer((await make({}, short)).body.token))).body.token)
    expect((await test.call("GET", "/api/v1/-/alpha/runs", undefined, grandchild)).status).toBe(200)
    expect((await test.call("GET", "/api/v1/-/beta/runs", undefined, grandchild)).status).toBe(403)
    expect((await make({}, bearer((await make({}, ada)).body.token))).body).not.toHaveProperty("expires")
    const tokens = await test.store.principals.tokens("root")
    expect(tokens.filter(({ expires = "never" }) => expires > end)).toEqual([])
  })

  it("logs neither tokens nor the header they came in", async () => {
    await test.call("GET", "/api/v1/-/alpha/runs?q=x", undefined, ada)
    await test.call("GET", "/api/auth", undefined, bearer("guessed-token-42"))
    const log = test.logged.join("")
    for (const token of [...Object.values(testTokens), "guessed-token-42"]) expect(log).not.toContain(token)
    expect(log).not.toContain("authorization")
  })

  it("needs no credentials for discovery and health", async () => {
    for (const url of ["/health", "/.well-known/configuration", "/v1/api-docs", "/metrics"]) {
      expect((await test.call("GET", url)).status, url).toBe(200)
    }
  })

  it("wants a token for /metrics beyond loopback", async () => {
    const config = { host: "0.0.0.0", executor: "local", commandRequired: true } as const
    const remote = await startTestApp({ tokens: tokensForTests, config })
    expect((await remote.call("GET", "/metrics")).status).toBe(403)
    const { text } = await remote.call("GET", "/metrics", undefined, ada)
    expect(text).toContain('berth_runs{state="READY"} 0')
    await remote.close()
  })
})

describe("an open server", () => {
  let test: TestApp
  beforeEach(async () => {
    test = await startTestApp()
  })
  afterEach(() => test.close())

  it("takes everybody of this machine, whatever the Authorization header says", async () => {
    for (const authorization of ["", "Bearer", "Bearer x", "Basic !!!", "\u00ff"]) {
      expect((await test.call("GET", "/api/auth", undefined, { authorization })).body.username).toBe("anonymous")
    }
  })

  it.each([
    [{ host: "evil.example" }, 403],
    [{ host: "127.0.0.1.evil.example" }, 403],
    [{ host: "localhost:1" }, 200],
    [{ host: "[::1]:80" }, 200],
    [{ host: "127.0.0.1:8080", origin: "http://127.0.0.1:8080" }, 200],
    [{ host: "127.0.0.1:8080", origin: "http://localhost:3000" }, 403],
    [{ host: "127.0.0.1:8080", origin: "http://evil.example" }, 403],
    [{ host: "127.0.0.1:8080", origin: "null" }, 403],
  ])("answers %j with %i", async (headers, status) => {
    expect((await test.call("GET", "/api/v1/projects", undefined, headers)).status).toBe(status)
  })

  it("refuses what a page's form could send, except on wire-compatible paths", async () => {
    const form = { "content-type": "text/plain" }
    const own = await test.app.inject({
      method: "POST",
      url: "/api/berth/v1/secrets/rotate-key",
      headers: { host: "localhost" },
    })
    expect(own.statusCode).toBe(403)
    expect((await test.call("PUT", "/api/berth/v1/profiles/big", "{}", form)).status).toBe(403)
    expect((await test.call("POST", "/api/berth/v1/secrets/rotate-key")).status).toBe(200)
  })
})

describe("tokens and addresses at the start", () => {
  it.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("listens on %s without tokens", (host) => {
    expect(() => checkListen(host, [])).not.toThrow()
  })

  it.each(["0.0.0.0", "::", "192.168.1.4", "example.org", "127.evil.example"])("refuses %s without tokens", (host) => {
    expect(() => checkListen(host, [])).toThrow(/Refusing to listen/)
    expect(() => checkListen(host, tokensForTests)).not.toThrow()
  })

  it("reads a tokens file that only its owner can read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-tokens-"))
    const path = join(folder, "tokens.json")
    await writeFile(path, JSON.stringify(tokensForTests), { mode: 0o600 })
    expect(await readTokensFile(path)).toEqual(tokensForTests)
    await writeFile(join(folder, "open.json"), "[]", { mode: 0o644 })
    await expect(readTokensFile(join(folder, "open.json"))).rejects.toThrow(/chmod 600/)
    await writeFile(join(folder, "bad.json"), '[{"name":"a","role":"king","hash":"x"}]', { mode: 0o600 })
    await expect(readTokensFile(join(folder, "bad.json"))).rejects.toThrow(/role.*hash/s)
    await rm(folder, { recursive: true })
  })
})
