import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["@berth/source"] },
  ssr: { resolve: { conditions: ["@berth/source", "node"], externalConditions: ["@berth/source", "node"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "e2e/**/*.test.ts", "examples/**/*.test.ts", "scripts/**/*.test.ts"],
    globalSetup: ["./scripts/choose-seed.ts"],
    setupFiles: ["./scripts/seed.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    pool: "forks",
    // Tests that start processes of their own need room beside the runner, also on two cores.
    maxWorkers: 2,
    passWithNoTests: true,
  },
})
