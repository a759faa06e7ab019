/** Where code is changed, and which tests are run: those beside it, in one process. */
export interface Room {
  /** Files, and folders with all their sources. */
  readonly sources: readonly string[];
  readonly tests: readonly string[];
  /** Suites that also test these sources, each in processes of its own. */
  readonly suites: readonly string[];
  /** The TypeScript project by which changes are compiled. */
  readonly project: string;
}

export const ROOMS: Readonly<Record<string, Room>> = {
  server: {
    sources: ["domain", "ledger", "operations", "reports", "control-plane"].map(
      (room) => `packages/server/src/${room}/`,
    ),
    tests: [
      "packages/server/src/{domain,ledger,operations,reports,control-plane}/**/*.test.ts",
      "packages/server/src/{audit,catalogue,checkpoints,explain,faults,identity}/**/*.test.ts",
      "packages/server/src/stores/memory/*.test.ts",
    ],
    suites: [
      "test/wire/histories.test.ts",
      "test/wire/refusals.test.ts",
      "test/wire/service-clock.test.ts",
      "test/wire/replaced-agreements.test.ts",
      "test/wire/main-job.test.ts",
      "test/wire/get-entitlements.test.ts",
      "test/wire/lookup-events.test.ts",
      "test/operator/explanation.test.ts",
      "test/operator/prices.test.ts",
      "test/operator/reports.test.ts",
      "test/resources",
    ],
    project: "tsconfig.json",
  },
  protocol: {
    sources: ["packages/protocol/src/"],
    tests: [
      "packages/protocol/src/**/*.test.ts",
      "packages/server/src/domain/**/*.test.ts",
      "packages/server/src/wire/**/*.test.ts",
    ],
    suites: ["test/wire/refusals.test.ts", "test/wire/bad-input.test.ts", "test/wire/rpc-v2-cbor.test.ts"],
    project: "packages/protocol/tsconfig.json",
  },
  client: {
    sources: [
      "packages/client/src/endpoint/",
      "packages/client/src/meter-all/",
      "packages/client/src/profile/",
      "packages/client/src/registration/",
      "packages/client/src/outcome.ts",
      "packages/client/src/spelling.ts",
      "packages/client/src/time.ts",
    ],
    tests: ["packages/client/src/**/*.test.ts", "test/client/{endpoint-rules,operations,shared-files}.test.ts"],
    suites: ["test/client"],
    project: "packages/client/tsconfig.json",
  },
};
