import { defineConfig } from "vitest/config";

// Sources as they are; and the client's files for Node, since that is where the suite runs.
const source = { conditions: ["@countinghouse/source", "node"] };

export default defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
    // Most suites have the whole server in their process. Node loads its sources from the compile cache in half of the time that
    // Vitest takes to transform and run them.
    execArgv: ["--conditions=@countinghouse/source"],
    server: { deps: { external: [/packages\/(server|protocol)\/src\/(?!.*\.test\.ts$)/] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes when it comes: a loaded machine takes longer than the second that is Vitest's own bound.
    expect: { poll: { timeout: 20_000 } },
    globalSetup: ["test/support/postgres/global-setup.ts"],
    // Real servers are started by several suites at once; two cores serve at most this many well.
    maxWorkers: 2,
    // Suites that share one endpoint empty its ledger, each for itself.
    fileParallelism: process.env["WIRE_ENDPOINT"] === undefined,
  },
});
