import { formatBytes } from "../bytes.ts"
import { entry } from "./entry.ts"

/** What a signal most often means when a program dies of it. */
const crashHints: Readonly<Record<number, string>> = {
  4: "SIGILL: code was built for another processor. Use packages or an image for this machine's CPU.",
  6: "SIGABRT: an assertion in native code, or a runtime that gave up. Its last lines in the log say which.",
  7: "SIGBUS: often /dev/shm is too small. Mount an empty_dir with medium Memory on /dev/shm.",
  8: "SIGFPE: a division by zero in native code.",
  11: "SIGSEGV: native code reached memory that is not its own, most often a broken or mismatched extension module.",
}

const signalNames: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
}

function signalText(signal: number): string {
  return signalNames[signal] ?? `signal ${signal}`
}

/** How an attempt or a run ended, and what was noticed on the way. */
export const outcomeFindings = {
  "exit.nonzero": entry<{ exitCode: number }>({
    severity: "error",
    class: "user",
    message: ({ exitCode }) => `The program ended with exit code ${exitCode}.`,
    hint: ({ exitCode }) =>
      exitCode === 255
        ? "255 is also what a program's exit(-1) becomes, or a lost connection of a wrapper."
        : undefined,
  }),
  "exit.not_executable": entry<{ command?: string }>({
    severity: "error",
    class: "user",
    message: ({ command }) => `${command ?? "The command"} was found but could not be executed (exit code 126).`,
    hint: () => "Make the file executable (chmod +x), or name the interpreter first.",
  }),
  "exit.not_found": entry<{ command?: string }>({
    severity: "error",
    class: "user",
    message: ({ command }) => `${command ?? "The command"} was not found (exit code 127).`,
    hint: () =>
      "Check its spelling and that it is installed where the run runs. A command with spaces is one program name.",
  }),
  "exit.native_crash": entry<{ signal: number; exitCode: number }>({
    severity: "error",
    class: "user",
    message: ({ signal, exitCode }) => `The program crashed with ${signalText(signal)} (exit code ${exitCode}).`,
    hint: ({ signal }) => crashHints[signal],
  }),
  "exit.signaled": entry<{ signal: number; exitCode: number }>({
    severity: "error",
    class: "user",
    message: ({ signal, exitCode }) =>
      `The program was ended by ${signalText(signal)} (exit code ${exitCode}), which Berth did not send.`,
    hint: ({ signal }) =>
      signal === 9
        ? "Who sent it is unknown. If memory was short on the machine, a memory limit would let Berth tell."
        : undefined,
  }),
  "exit.out_of_memory": entry<{ limit?: string; peakBytes?: number }>({
    severity: "error",
    class: "resources",
    message: ({ limit, peakBytes }) =>
      (limit === undefined
        ? "Killed for lack of memory (OOMKilled)"
        : `Killed at its memory limit of ${limit} (OOMKilled)`) +
      (peakBytes === undefined ? "." : `; its peak was ${formatBytes(peakBytes)}.`),
    hint: () => "Give it more memory (resources.mem.limits), or make it hold less at once.",
  }),
  "exit.out_of_memory.suspected": entry<{ limit: string; peakBytes: number }>({
    severity: "error",
    class: "resources",
    message: ({ limit, peakBytes }) =>
      `Ended by SIGKILL at a peak of ${formatBytes(peakBytes)} of ${limit}: most likely out of memory.`,
    hint: () => "Give it more memory (resources.mem.limits), or make it hold less at once.",
  }),
  "storage.exceeded": entry<{ message?: string }>({
    severity: "error",
    class: "resources",
    message: ({ message }) => `Ended because it wrote more scratch data than its limit${detail(message)}`,
    hint: () => "Ask for more disk, or write to a volume.",
  }),
  "timeout.running": entry<{ timeout: string }>({
    severity: "error",
    class: "user",
    message: ({ timeout }) => `Ended because it ran longer than its timeout of ${timeout} (timeouts.running).`,
    hint: () => "Give it more time, or none: without timeouts.running a run has no limit.",
  }),
  "timeout.queued": entry<{ timeout: string }>({
    severity: "error",
    class: "resources",
    message: ({ timeout }) => `Given up because it could not start within ${timeout} (timeouts.queued).`,
    hint: () => "The findings beside this one say what it waited for.",
  }),
  "run.stopped": entry<{ user?: string }>({
    severity: "notice",
    class: "user",
    message: ({ user }) => (user === undefined ? "Stopped on request." : `Stopped on request of ${user}.`),
  }),
  "run.lost": entry<{ node?: string; message?: string }>({
    severity: "error",
    class: "infrastructure",
    message: ({ node, message }) =>
      `Lost${node === undefined ? "" : ` with ${node}`}: how the program ended is unknown${detail(message)}`,
    hint: () => "It was not the program's doing. Retries of infrastructure failures follow retries.infrastructure.",
  }),
  "run.disrupted": entry<{ node?: string; message?: string }>({
    severity: "error",
    class: "infrastructure",
    message: ({ node, message }) =>
      `Taken away by the infrastructure${node === undefined ? "" : ` from ${node}`}${detail(message)}`,
    hint: () => "It was not the program's doing. Retries of infrastructure failures follow retries.infrastructure.",
  }),
  "run.not_started": entry<{ message?: string }>({
    severity: "error",
    class: "user",
    message: ({ message }) => `The program could not be started${detail(message)}`,
    hint: () => "Check the command, its interpreter, and that it is installed where the run runs.",
  }),
  "run.start_failed": entry<{ message: string }>({
    severity: "warning",
    class: "transient",
    message: ({ message }) => `It could not be started yet and is tried again: ${message}`,
  }),
  "run.retried": entry<{ attempt: number; next: number; cause: string }>({
    severity: "notice",
    class: "transient",
    message: ({ attempt, next, cause }) => `Attempt ${attempt} failed (${cause}); attempt ${next} follows.`,
  }),
  "run.memory_raised": entry<{ attempt: number; from?: string; to: string }>({
    severity: "notice",
    class: "resources",
    message: ({ attempt, from, to }) =>
      `Attempt ${attempt} was given ${to} of memory${from === undefined ? "" : ` in place of ${from}`}, because the one before it ran out of memory.`,
    hint: () => "Ask for that much at once to save the failed attempt (resources.mem).",
  }),
  "service.exited": entry<Record<string, never>>({
    severity: "error",
    class: "user",
    message: () => "The program of the service ended by itself, without an error.",
    hint: () => "A service keeps running and answers on its port. For work that ends, use the action job.",
  }),
  "handler.load_failed": entry<{ type: string; message: string }>({
    severity: "error",
    class: "user",
    message: ({ type, message }) => `The handler could not be loaded: ${type}: ${message}`,
    hint: () => "A handler is module:name or file.ext:name; its packages must be installed.",
  }),
  "handler.raised": entry<{ type: string; message: string }>({
    severity: "error",
    class: "user",
    message: ({ type, message }) => `The handler raised ${type}${message === "" ? "." : `: ${message}`}`,
  }),
  "result.too_large": entry<{ limitBytes: number; message: string }>({
    severity: "error",
    class: "user",
    message: ({ limitBytes, message }) =>
      `What the handler returned is over ${formatBytes(limitBytes)} and was not kept. ${message}`,
  }),
  "result.not_json": entry<{ message: string }>({
    severity: "error",
    class: "user",
    message: ({ message }) => `What the handler returned is no JSON and was not kept. ${message}`,
  }),
  "log.truncated": entry<{ limitBytes: number }>({
    severity: "warning",
    class: "resources",
    message: ({ limitBytes }) => `The log is cut: an attempt keeps its first ${formatBytes(limitBytes)}.`,
    hint: () => "Write less, or write to a volume.",
  }),
  "log.gap": entry<{ reason: string }>({
    severity: "warning",
    class: "infrastructure",
    message: ({ reason }) => `A part of the log is missing: ${reason}.`,
  }),
  "port.in_use": entry<{ port: number }>({
    severity: "warning",
    class: "resources",
    message: ({ port }) => `Port ${port} of this machine is taken; the run waits for it.`,
    hint: () => "End what uses it, or choose another target_port.",
  }),
}

/** A runtime's own words as the end of a sentence. */
function detail(message: string | undefined): string {
  return message === undefined || message === "" ? "." : `: ${message}`
}
