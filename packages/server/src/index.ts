export { type Config, readConfig } from "./config.ts"
export { type RunningServer, startServer } from "./main.ts"
export { serve } from "./serve.ts"
export { version } from "./version.ts"
