import { expect, it } from "vitest"
import { isPlatformVariable, secretVariables } from "./environment.ts"

it("puts a secret into its exact name and its upper-case alias", () => {
  expect(secretVariables({ secrets: [{ name: "my-secret" }, { name: "TOKEN" }] })).toEqual({
    "my-secret": "my-secret",
    MY_SECRET: "my-secret",
    TOKEN: "TOKEN",
  })
})

it("uses `env` alone where it is given", () => {
  expect(secretVariables({ secrets: [{ name: "my-secret", env: "S" }] })).toEqual({ S: "my-secret" })
})

it("lets the alias yield to a variable, to another secret, to an earlier alias and to Berth", () => {
  expect(secretVariables({ secrets: [{ name: "my-secret" }], envs: [{ name: "MY_SECRET", value: "x" }] })).toEqual({
    "my-secret": "my-secret",
  })
  expect(secretVariables({ secrets: [{ name: "my-secret" }, { name: "MY_SECRET" }] })).toEqual({
    "my-secret": "my-secret",
    MY_SECRET: "MY_SECRET",
  })
  expect(secretVariables({ secrets: [{ name: "my-secret" }, { name: "my.secret" }] })).toMatchObject({
    MY_SECRET: "my-secret",
  })
  expect(secretVariables({ secrets: [{ name: "run-id" }] })).toEqual({ "run-id": "run-id" })
})

it("knows Berth's own names", () => {
  expect(["BERTH_X", "RUN_ID", "PROJECT_NAME", "HOME", "berth_x"].map(isPlatformVariable)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ])
})
