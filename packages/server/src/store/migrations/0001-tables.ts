import { type Kysely, sql } from "kysely"
import type { Tables } from "../tables.ts"
import type { Columns, Migration } from "./migration.ts"

/** The first schema. Never edited: a change is a new migration. */
export const tables: Migration = {
  version: 1,
  name: "tables",
  async up(database, columns) {
    await createOwners(database, columns)
    await createEntities(database, columns)
    await createRuns(database, columns)
    await createLogs(database, columns)
    await createSecrets(database, columns)
    await createSettings(database, columns)
    await createPrincipals(database, columns)
    await createIndexes(database)
  },
}

/** Statements, one per item: both engines take them with their own column types. */
async function run(database: Kysely<Tables>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}

async function createOwners(database: Kysely<Tables>, { text, integer }: Columns): Promise<void> {
  await run(database, [
    `create table instance (
      id ${integer} primary key check (id = 1),
      instance ${text} not null,
      seq ${integer} not null,
      epoch ${integer} not null
    )`,
    `create table projects (
      name ${text} primary key,
      "user" ${text} not null,
      state ${text},
      metadata_json ${text} not null,
      spec_json ${text} not null,
      status_json ${text} not null,
      created ${text} not null,
      updated ${text} not null,
      deleting ${integer} not null,
      forgotten_seq ${integer} not null
    )`,
  ])
}

async function createEntities(database: Kysely<Tables>, { text, integer, ordinal }: Columns): Promise<void> {
  await run(database, [
    `create table entities (
      ordinal ${ordinal},
      project ${text} not null references projects (name) on delete cascade,
      type ${text} not null,
      id ${text} not null,
      name ${text} not null,
      kind ${text} not null,
      "user" ${text} not null,
      state ${text},
      function_ref ${text},
      metadata_json ${text} not null,
      spec_json ${text} not null,
      status_json ${text} not null,
      extensions_json ${text},
      created ${text} not null,
      updated ${text} not null,
      unique (project, type, id)
    )`,
    `create table entity_labels (
      entity ${integer} not null references entities (ordinal) on delete cascade,
      label ${text} not null,
      primary key (entity, label)
    )`,
  ])
}

async function createRuns(database: Kysely<Tables>, { text, integer, ordinal }: Columns): Promise<void> {
  await run(database, [
    `create table runs (
      ordinal ${ordinal},
      project ${text} not null references projects (name) on delete cascade,
      id ${text} not null,
      name ${text} not null,
      kind ${text} not null,
      "user" ${text} not null,
      task_ref ${text} not null,
      function_ref ${text} not null,
      action ${text} not null,
      metadata_json ${text} not null,
      spec_json ${text} not null,
      extensions_json ${text},
      client_executed ${integer} not null,
      desired ${text} not null,
      state ${text} not null,
      message_json ${text},
      reason ${text},
      findings_json ${text} not null,
      service_json ${text},
      results_json ${text},
      status_json ${text} not null,
      created ${text} not null,
      updated ${text} not null,
      started ${text},
      finished ${text},
      revision ${integer} not null,
      epoch ${integer} not null,
      built_json ${text},
      unique (project, id)
    )`,
    `create table attempts (
      uid ${text} not null,
      project ${text} not null,
      run ${text} not null,
      number ${integer} not null,
      attempt_json ${text} not null,
      created ${text} not null,
      observation_json ${text},
      parity_json ${text},
      findings_json ${text},
      started ${text},
      stop_requested ${text},
      ended ${text},
      removed ${text},
      primary key (project, run, number),
      foreign key (project, run) references runs (project, id) on delete cascade
    )`,
    `create table transitions (
      seq ${integer} primary key,
      project ${text} not null references projects (name) on delete cascade,
      run ${text} not null,
      state ${text} not null,
      message_json ${text},
      at ${text} not null
    )`,
  ])
}

async function createLogs(database: Kysely<Tables>, { text, integer, ordinal, bytes }: Columns): Promise<void> {
  await run(database, [
    `create table log_streams (
      ordinal ${ordinal},
      project ${text} not null,
      run ${text} not null,
      attempt ${integer} not null,
      instance ${text} not null,
      container ${text} not null,
      length ${integer} not null,
      chunks ${integer} not null,
      resume ${text} not null,
      unique (project, run, attempt, instance, container),
      foreign key (project, run) references runs (project, id) on delete cascade
    )`,
    `create table log_chunks (
      stream ${integer} not null references log_streams (ordinal) on delete cascade,
      number ${integer} not null,
      start ${integer} not null,
      size ${integer} not null,
      lines_json ${text} not null,
      resume ${text} not null,
      gap_json ${text},
      bytes ${bytes} not null,
      primary key (stream, number)
    )`,
  ])
}

async function createSecrets(database: Kysely<Tables>, { text, ordinal, bytes }: Columns): Promise<void> {
  await run(database, [
    `create table secrets (
      ordinal ${ordinal},
      project ${text} not null references projects (name) on delete cascade,
      id ${text} not null,
      name ${text} not null,
      "user" ${text} not null,
      metadata_json ${text} not null,
      spec_json ${text} not null,
      created ${text} not null,
      updated ${text} not null,
      value ${bytes},
      key_id ${text},
      unique (project, id),
      unique (project, name)
    )`,
  ])
}

async function createSettings(database: Kysely<Tables>, { text, integer, bytes }: Columns): Promise<void> {
  await run(database, [
    `create table profiles (
      name ${text} primary key,
      profile_json ${text} not null,
      updated ${text} not null
    )`,
    `create table policies (
      project ${text} primary key references projects (name) on delete cascade,
      policy_json ${text} not null,
      updated ${text} not null
    )`,
    `create table objects (
      project ${text} not null references projects (name) on delete cascade,
      position ${integer} not null,
      manifest_json ${text},
      sealed ${bytes},
      key_id ${text},
      updated ${text} not null,
      primary key (project, position)
    )`,
  ])
}

async function createPrincipals(database: Kysely<Tables>, { text }: Columns): Promise<void> {
  await run(database, [
    `create table tokens (
      id ${text} primary key,
      "user" ${text} not null,
      name ${text} not null,
      hash ${text} not null unique,
      role ${text} not null,
      projects_json ${text},
      created ${text} not null,
      expires ${text}
    )`,
    `create table shares (
      id ${text} not null,
      project ${text} not null references projects (name) on delete cascade,
      owner ${text} not null,
      "user" ${text} not null,
      created ${text} not null,
      primary key (project, id)
    )`,
  ])
}

async function createIndexes(database: Kysely<Tables>): Promise<void> {
  await run(database, [
    `create index entities_versions on entities (project, type, name, created, ordinal)`,
    `create index entities_created on entities (project, type, created, ordinal)`,
    `create index entities_function on entities (project, type, function_ref)`,
    `create index entity_labels_label on entity_labels (label, entity)`,
    `create index runs_created on runs (project, created, ordinal)`,
    `create index runs_state on runs (project, state, created, ordinal)`,
    `create index runs_function on runs (project, function_ref, created, ordinal)`,
    `create index runs_task on runs (project, task_ref, created, ordinal)`,
    `create index runs_live on runs (desired, client_executed, state, project, id)`,
    `create index attempts_kept on attempts (project, run) where removed is null`,
    `create unique index attempts_alive on attempts (project, run) where ended is null`,
    `create index transitions_project on transitions (project, seq)`,
    `create index transitions_run on transitions (project, run, seq)`,
    `create index transitions_deleted on transitions (project, seq) where state = 'DELETED'`,
    `create index log_chunks_start on log_chunks (stream, start)`,
    `create index tokens_user on tokens ("user")`,
  ])
}
