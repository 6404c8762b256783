import { describe, expect, it } from "vitest"
import { expandVariables, toEnvironment } from "./environment.ts"
import { placesOf } from "./places.ts"
import { commandAttempt } from "./testing/executor-fixture.ts"

describe("$(NAME)", () => {
  const variables = { A: "1", "a-b": "2", EMPTY: "", CONSTRUCTOR: "c" }
  it.each([
    ["$(A)", "1"],
    ["x$(A)y$(a-b)", "x1y2"],
    ["$(EMPTY)", ""],
    ["$(NOPE)", "$(NOPE)"],
    ["$(constructor)", "$(constructor)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$$$$", "$$"],
    ["$A {A} $", "$A {A} $"],
    ["$(A", "$(A"],
    ["$()", "$()"],
  ])("%s is %s", (text, expected) => {
    expect(expandVariables(text, variables)).toBe(expected)
  })
})

describe("the environment of a program", () => {
  const host = {
    PATH: "/bin",
    LANG: "C",
    LC_ALL: "C",
    TZ: "UTC",
    SECRET_OF_SERVER: "x",
    BERTH_TOKEN: "y",
    HOME: "/root",
  }
  const build = (requirements: Parameters<typeof commandAttempt>[1]) =>
    toEnvironment({
      attempt: commandAttempt(["x"], requirements),
      places: placesOf("/d", "u"),
      host,
      secretValues: { token: "t", "my-key": "k" },
      prepared: { BERTH_CALL: "/c" },
      volumePaths: { "my-data": "/v" },
    })

  it("has the host's allowed variables, the platform's, and nothing else of the server's", () => {
    const environment = build({})
    expect(environment).toMatchObject({ PATH: "/bin", LANG: "C", LC_ALL: "C", TZ: "UTC", BERTH_CALL: "/c" })
    expect(environment).toMatchObject({ HOME: "/d/local/attempts/u/home", BERTH_VOLUME_MY_DATA: "/v" })
    expect(Object.keys(environment)).not.toEqual(expect.arrayContaining(["SECRET_OF_SERVER"]))
    expect(environment).not.toHaveProperty("BERTH_TOKEN")
    expect(environment).not.toHaveProperty("CUDA_VISIBLE_DEVICES")
  })

  it("is overridden by secrets, and by the user last; values may name what came before", () => {
    const environment = build({
      requirements: {
        secrets: [{ name: "token", env: "LANG" }, { name: "my-key" }, { name: "unset", optional: true }],
        envs: [
          { name: "TZ", value: "$(MY_KEY)-$(LANG)" },
          { name: "NEXT", value: "$(TZ)!$(LATER)" },
          { name: "LATER", value: "1" },
        ],
      },
    })
    expect(environment).toMatchObject({ LANG: "t", "my-key": "k", MY_KEY: "k", TZ: "k-t", NEXT: "k-t!$(LATER)" })
    expect(environment).not.toHaveProperty("unset")
  })

  it("names the port of a service", () => {
    const serve = build({ action: "serve", requirements: { servicePorts: [{ port: 80, targetPort: 8080 }] } })
    expect(serve.PORT).toBe("8080")
  })
})
