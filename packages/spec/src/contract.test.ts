import { describe, expect, expectTypeOf, it } from "vitest"
import * as z from "zod"
import {
  type EntityBody,
  fillPath,
  type LogEnd,
  type LogLine,
  type PlanResult,
  type ProjectEvent,
  type Route,
  type RouteBody,
  type RouteQuery,
  type RouteResult,
  type Routes,
  type RunEntity,
  type RunListQuery,
  routes,
} from "./index.ts"

const all = Object.entries(routes) as [string, Route][]

describe.each(all)("%s", (name, route) => {
  it("is named by its key and takes what its path says", () => {
    expect(route.name).toBe(name)
    const members = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, member]) => member)
    const schema = z.toJSONSchema(route.params, { io: "input" })
    expect(Object.keys(schema.properties ?? {}).toSorted()).toEqual(members.toSorted())
  })

  it("is where it belongs, and tells strangers apart from clients known to send more", () => {
    expect(route.path).toMatch(
      /^\/(api\/v1\/|api\/berth\/v1\/|api\/auth$|\.well-known\/|health$|metrics$|v1\/api-docs$)/,
    )
    expect(route.wireCompatible).toBe(!route.path.startsWith("/api/berth/"))
    expect(route.description).toMatch(/^[A-Z].*\.$/)
    if (route.role === "public") expect(route.path).not.toMatch(/^\/api/)
  })

  it("can be printed as JSON Schema", () => {
    for (const [schema, io] of [
      [route.query, "input"],
      [route.body, "input"],
      [route.result, "output"],
    ] as const) {
      expect(() => z.toJSONSchema(schema, { io, unrepresentable: "any" })).not.toThrow()
    }
  })
})

it("has no endpoint twice", () => {
  const places = all.map(([, { method, path }]) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`)
  expect(new Set(places).size).toBe(places.length)
})

it("fills a path so that no member can leave its segment", () => {
  expect(fillPath("/a/{x}/b/{y}", { x: "../c d", y: "e?f#g" })).toBe("/a/..%2Fc%20d/b/e%3Ff%23g")
  expect(fillPath(routes.readRun.path, { project: "p", id: "r" })).toBe("/api/v1/-/p/runs/r")
})

describe("queries", () => {
  const read = (schema: z.ZodType, query: object) => schema.safeParse(query)

  it.each([
    [
      { page: "-1", size: "100", sort: "name,ASC" },
      { page: 0, size: 100, sort: ["name,ASC"] },
    ],
    [{ kind: "container job" }, { kind: "container+job" }],
    [{ kind: "*" }, { kind: "*" }],
    [{ id: "a,b" }, { id: ["a", "b"] }],
    [{ id: ["a", "b,c"] }, { id: ["a", "b", "c"] }],
    [{ nothing: "x" }, {}],
  ])("%j is read as %j", (query, expected) => {
    expect(read(routes.listRuns.query, query).data).toEqual(expected)
  })

  it.each([{ size: "0" }, { size: "1001" }, { page: "x" }, { kind: "a b'" }, { page: ["1", "2"] }])(
    "%j is refused",
    (query) => {
      expect(read(routes.listRuns.query, query).success).toBe(false)
    },
  )

  it("keeps Berth's own strict", () => {
    expect(read(routes.streamRunLogs.query, { follow: "false", tail: "5" }).data).toEqual({ follow: false, tail: 5 })
    expect(read(routes.streamRunLogs.query, { folow: "false" }).success).toBe(false)
  })
})

it("types clients and handlers", () => {
  expectTypeOf<RouteBody<Routes["createRun"]>>().toEqualTypeOf<EntityBody>()
  expectTypeOf<RouteQuery<Routes["listRuns"]>>().toEqualTypeOf<RunListQuery>()
  expectTypeOf<RouteResult<Routes["createRun"]>>().toEqualTypeOf<RunEntity>()
  expectTypeOf<RouteResult<Routes["planRun"]>>().toEqualTypeOf<PlanResult>()
  expectTypeOf<RouteResult<Routes["streamEvents"]>>().toEqualTypeOf<ProjectEvent>()
  expectTypeOf<RouteResult<Routes["streamRunLogs"]>>().toEqualTypeOf<LogLine | LogEnd>()
  // @ts-expect-error a member that the route does not take
  const wrong: RouteQuery<Routes["listRuns"]> = { stat: "RUNNING" }
  expect(wrong).toBeDefined()
})
