import type { Compilable, CompiledQuery, Kysely } from "kysely"
import type { Tables } from "./tables.ts"

/** Stands for a parameter while a query is built. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Rows that a statement gave, or how many it changed. */
interface Done<Row> {
  readonly rows: readonly Row[]
  readonly changed: bigint
}

type Parameters = Readonly<Record<string, unknown>>

/**
 * A query that is built and compiled once per dialect and then run with other values: for what runs for every request
 * and every pass, where building costs more than the database.
 *
 * @param build - Puts `value(name)` wherever the value of that name goes
 */
export function prepare<Values extends Parameters>(): <Row>(
  build: (database: Kysely<Tables>, value: ValueOf<Values>) => Compilable<Row>,
) => Prepared<Values, Row> {
  return (build) => prepareQuery(build)
}

type ValueOf<Values> = <Name extends keyof Values & string>(name: Name) => Values[Name]

type Prepared<Values, Row> = (database: Kysely<Tables>, values: Values) => Promise<Done<Row>>

function prepareQuery<Values extends Parameters, Row>(
  build: (database: Kysely<Tables>, value: ValueOf<Values>) => Compilable<Row>,
): Prepared<Values, Row> {
  const compiled = new WeakMap<object, CompiledQuery<Row>>()
  return async (database, values) => {
    const { adapter } = database.getExecutor()
    let query = compiled.get(adapter)
    if (query === undefined) {
      // A placeholder never leaves this function: whoever runs the query puts the value in its place.
      query = build(database, (name) => new Placeholder(name) as unknown as Values[typeof name]).compile()
      compiled.set(adapter, query)
    }
    const parameters = query.parameters.map((given) => (given instanceof Placeholder ? values[given.name] : given))
    const { rows, numAffectedRows } = await database.executeQuery<Row>({ ...query, parameters })
    return { rows, changed: numAffectedRows ?? 0n }
  }
}
