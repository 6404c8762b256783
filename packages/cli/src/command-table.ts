import { Argument, type Command, InvalidArgumentError, Option } from "commander"
import type { LogsOptions } from "./commands/runs.ts"
import type { Shell } from "./completion.ts"
import type { SelfCommand } from "./embedded.ts"
import type { GlobalOptions, Session } from "./session.ts"

/** Of this command and the server it carries. */
const version = "0.1.0"

const self: SelfCommand = {
  file: process.argv[1] ?? "",
  flags: process.execArgv,
  version,
}

const firstSteps = `
Begin with:
  berth run FILE --follow   run what a file asks for, and watch it
  berth list                what ran and what runs
  berth explain RUN         why a run waits or failed, and what to do`

type Report = (exitCode: number) => void

/** The table of commands. What a command needs is loaded when it is called, so that `--help` stays quick. */
export function addCommands(program: Command, report: Report): void {
  program
    .description("Runs functions with exactly the resources they ask for, and says why when it can't.")
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError("(berth --help shows what there is, berth help COMMAND what one can do)")
    .addHelpText("after", firstSteps)
    .configureHelp({ showGlobalOptions: true })
    .option("--endpoint <url>", "server to use (BERTH_ENDPOINT; default: this folder's own, started when needed)")
    .option("--local", "use this folder's own server whatever BERTH_ENDPOINT says")
    .option("-p, --project <name>", "project to work in (BERTH_PROJECT; default: default)")
    .option("--json", "print the whole result as JSON")
    .addOption(new Option("-o, --output <format>", "print the result as").choices(["text", "json", "yaml"]))
  addRunCommands(program, report)
  addLookCommands(program, report)
  addSecretCommands(program)
  addSettingCommands(program)
  addServerCommands(program)
}

/** Runs an action with a session on the configured server, or this folder's. */
function withSession<Args extends unknown[]>(
  program: Command,
  action: (session: Session, ...args: Args) => Promise<unknown>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const { openSession } = await import("./session.ts")
    await action(await openSession(program.opts<GlobalOptions>(), self), ...args)
  }
}

function addRunCommands(program: Command, report: Report): void {
  program
    .command("run")
    .argument("[target]", "file with functions, or the name of a function")
    .description("run the functions of a file, or a function by its name")
    .option("-f, --follow", "show states and log until it ends; Ctrl-C stops the run, a second one leaves it")
    .option(
      "--strict",
      "refuse what cannot be kept exactly: warnings, and limits that this machine can only approximate",
    )
    .option(
      "--fix <numbers>",
      "apply fixes of the last refusal first: 1,2,3; again for the refusal after that",
      collect,
    )
    .option("--objects <path>", "Kubernetes manifests that stand in for a cluster's objects, file or folder")
    .addOption(
      new Option("--action <action>", "what to do with a function that is named (default: job)").choices([
        "job",
        "serve",
        "deploy",
      ]),
    )
    .option("--again <run>", "run once more what a run ran, with --fix changed")
    .option("--param <name=value>", "a parameter of the handler, JSON or text; may be repeated", collect)
    .action(async (target, options) => {
      const { runCommand } = await import("./commands/run.ts")
      report(await runCommand(target, { ...program.opts<GlobalOptions>(), ...options }, self))
    })
  program
    .command("plan")
    .argument("<file>", "file with functions")
    .description("say whether a run would start, and what stands in its way; runs nothing")
    .option("--strict", "as for run")
    .action(async (file, options) => {
      const { planCommand } = await import("./commands/plan.ts")
      report(await planCommand(file, { ...program.opts<GlobalOptions>(), ...options }, self))
    })
}

function addLookCommands(program: Command, report: Report): void {
  const runs = () => import("./commands/runs.ts")
  const run = (name: string, description: string) =>
    program.command(name).argument("<run>", "id of a run, or the beginning of it").description(description)
  program
    .command("list")
    .description("runs of the project, newest first")
    .option("--state <state>", "only runs in this state")
    .option("--limit <n>", "at most so many", toCount, 20)
    .action(withSession(program, async (session, options) => (await runs()).listRuns(session, options)))
  run("get", "everything about one run").action(
    withSession(program, async (session, id) => (await runs()).getRun(session, id)),
  )
  run("logs", "what a run wrote")
    .option("-f, --follow", "go on until it ends")
    .option("--tail <n>", "only the last so many lines", toCount)
    .option("--attempt <n>", "only this attempt", toCount)
    .option("--container <name>", "only this container")
    .option("--since <time>", "only lines since, ISO 8601")
    .action(
      withSession(program, async (session, id: string, options: LogsOptions) =>
        (await runs()).printLogs(session, id, options),
      ),
    )
  run("stop", "stop a run and wait until it has ended").action(
    withSession(program, async (session, id) => report(await (await runs()).stopRun(session, id))),
  )
  run("resume", "go on with a stopped serve or deploy run")
    .option("-f, --follow", "as for run")
    .action(
      withSession(program, async (session, id, { follow }) =>
        report(await (await runs()).resumeRun(session, id, follow === true)),
      ),
    )
  run("explain", "why a run waits or failed, and what to do").action(
    withSession(program, async (session, id) => (await runs()).explainRun(session, id)),
  )
  run("delete", "end a run if need be, and remove it with its log").action(
    withSession(program, async (session, id) => (await runs()).deleteRun(session, id)),
  )
}

function addSecretCommands(program: Command): void {
  const secrets = () => import("./commands/secrets.ts")
  const group = program.command("secret").description("secrets of the project")
  const named = (name: string, description: string) =>
    group.command(name).argument("<name>", "name of the secret").description(description)
  named("set", "set a value, read from standard input").action(
    withSession(program, async (session, name) => (await secrets()).setSecret(session, name)),
  )
  named("get", "print a value").action(
    withSession(program, async (session, name) => (await secrets()).getSecret(session, name)),
  )
  group
    .command("list")
    .description("names, never values")
    .action(withSession(program, async (session) => (await secrets()).listSecrets(session)))
  named("delete", "remove a secret and its value").action(
    withSession(program, async (session, name) => (await secrets()).deleteSecret(session, name)),
  )
  group
    .command("rotate-key")
    .description("encrypt everything under a new key (administrators)")
    .action(withSession(program, async (session) => (await secrets()).rotateKey(session)))
}

function addSettingCommands(program: Command): void {
  const settings = () => import("./commands/settings.ts")
  const projects = () => import("./commands/projects.ts")
  const profile = program.command("profile").description("an administrator's named requirements")
  profile
    .command("list")
    .description("all profiles")
    .action(withSession(program, async (session) => (await settings()).listProfiles(session)))
  profile
    .command("get")
    .argument("<name>")
    .description("one profile")
    .action(withSession(program, async (session, name) => (await settings()).getProfile(session, name)))
  profile
    .command("set")
    .argument("<file>")
    .description("create or replace a profile (administrators)")
    .action(withSession(program, async (session, file) => (await settings()).setProfile(session, file)))
  profile
    .command("delete")
    .argument("<name>")
    .description("delete a profile (administrators)")
    .action(withSession(program, async (session, name) => (await settings()).deleteProfile(session, name)))
  const policy = program.command("policy").description("who may use which field in a project")
  policy
    .command("get")
    .description("the project's rules")
    .action(withSession(program, async (session) => (await settings()).getPolicy(session)))
  policy
    .command("set")
    .argument("<file>")
    .description("replace them (administrators)")
    .action(withSession(program, async (session, file) => (await settings()).setPolicy(session, file)))
  const project = program.command("project").description("projects")
  project
    .command("list")
    .description("all projects")
    .action(withSession(program, async (session) => (await projects()).listProjects(session)))
  project
    .command("create")
    .argument("<name>")
    .description("create a project")
    .action(withSession(program, async (session, name) => (await projects()).createProject(session, name)))
  project
    .command("delete")
    .argument("<name>")
    .description("delete a project")
    .option("--cascade", "with everything it owns, ending what runs")
    .action(
      withSession(program, async (session, name, { cascade }) =>
        (await projects()).deleteProject(session, name, cascade === true),
      ),
    )
  program
    .command("inventory")
    .description("what there is to ask for")
    .action(withSession(program, async (session) => (await projects()).showInventory(session)))
}

function addServerCommands(program: Command): void {
  program
    .command("serve")
    .description("run a server in the foreground")
    .option("--listen <host:port>", "address (BERTH_LISTEN)")
    .option("--data <folder>", "database, secret key, volumes (BERTH_DATA)")
    .option("--executor <name>", "local (BERTH_EXECUTOR)")
    .option("--database <url>", "postgres://… instead of SQLite (BERTH_DATABASE_URL)")
    .option("--public-url <url>", "where clients reach it (BERTH_PUBLIC_URL)")
    .option("--idle-minutes <n>", "end after so many minutes without requests and live runs (BERTH_IDLE_MINUTES)")
    .addOption(
      new Option("--record", "write where it listens into the data folder, for this folder's commands").hideHelp(),
    )
    .action(async (options) => (await import("./commands/server.ts")).serveCommand(options, self))
  program
    .command("token")
    .description("access to a server")
    .command("new")
    .description("make a token and its entry for the tokens file; changes no server")
    .requiredOption("--name <user>", "whose it is")
    .addOption(new Option("--role <role>", "what it may do").choices(["admin", "user"]).default("user"))
    .option("--projects <names...>", "projects it reaches (default: all)")
    .action(async (options) => (await import("./commands/tokens.ts")).newToken(options, program.opts<GlobalOptions>()))
  program
    .command("down")
    .description("end this folder's server; what runs goes on")
    .action(async () => (await import("./commands/server.ts")).downCommand(program.opts<GlobalOptions>()))
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "whose").choices(["bash", "zsh", "fish"]))
    .description("print a completion script")
    .action(async (shell: Shell) => {
      const { completionScript, completionTree } = await import("./completion.ts")
      process.stdout.write(completionScript(shell, completionTree(program)))
    })
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

function toCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("A whole number from 1 on.")
  return count
}
