export { createLocalExecutor, type LocalExecutorOptions } from "./create-local-executor.ts"
export type { LocalExecutor } from "./local-executor.ts"
