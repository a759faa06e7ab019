/** The test kit where it is installed, from its tarball: in Jest (CommonJS and ES modules), vitest's twin of it, and node:test. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyProject, type EmptyProject } from "../support/empty-project.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";

const JEST = fileURLToPath(new URL("../adoption/node_modules/jest/bin/jest.js", import.meta.url));

/** A client that knows one operation. The runner's own `describe` and `test` are there by these names. */
const CONFORMANCE = `
describeConformance(
  async ({ input, endpoint, region, credentials }) => {
    const client = new MarketplaceMeteringClient({ endpoint, region, credentials });
    const outcome = await client.resolveCustomerOutcome({ registrationToken: input.RegistrationToken });
    await client.close();
    if (!outcome.ok) return { error: { name: outcome.error.name } };
    const { customerIdentifier, customerAccountId, productCode } = outcome.result;
    return {
      output: {
        CustomerIdentifier: customerIdentifier,
        CustomerAWSAccountId: customerAccountId,
        ProductCode: productCode,
      },
    };
  },
  { describe, test, operations: ["ResolveCustomer"] },
);
`;
/** `resolve/customer`, and its two exceptions. */
const CONFORMANCE_CASES = 3;

const SUITE = `
expect.extend(matchers);

let market, acme, buyer, client;
beforeAll(async () => {
  market = await startMarket({ now: "2026-03-15T10:30:00Z" });
  acme = market.product({ dimensions: { gb: "0.25" } });
  buyer = market.customer(acme);
  client = new MarketplaceMeteringClient(market.sdkConfig());
});
afterEach(() => market.restore());
afterAll(async () => {
  await client.close();
  await market[Symbol.asyncDispose]();
});

const meter = (quantity) => {
  const { customerIdentifier } = buyer;
  const usageRecords = [{ timestamp: new Date("2026-03-15T09:00:00Z"), customerIdentifier, dimension: "gb", quantity }];
  return client.batchMeterUsage({ productCode: acme.productCode, usageRecords });
};

test("usage is metered", async () => {
  await meter(12);
  expect(market).toHaveMetered({ customer: buyer, dimension: "gb", hour: "2026-03-15T09Z", units: 12 });
});
test("the market is as it was", async () => {
  expect(market).toHaveMeteredNothingFor(buyer);
  await meter(13);
  expect(market).toHaveMetered({ customer: buyer, units: 13 });
  expect(() => expect(market).toHaveMetered({ customer: buyer, units: 12 })).toThrow("It metered 13 units");
});
${CONFORMANCE}`;

const NODE_TEST = `
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MarketplaceMeteringClient } from "@countinghouse/client";
import { describeConformance, startMarket } from "countinghouse/testkit";
import { toHaveMetered } from "countinghouse/testkit/matchers";

test("usage is metered", async () => {
  await using market = await startMarket({ now: "2026-03-15T10:30:00Z" });
  const acme = market.product({ dimensions: { gb: "0.25" } });
  const { customerIdentifier } = market.customer(acme);
  const client = new MarketplaceMeteringClient(market.sdkConfig());
  const usageRecords = [{ timestamp: market.clock.now, customerIdentifier, dimension: "gb", quantity: 3 }];
  await client.batchMeterUsage({ productCode: acme.productCode, usageRecords });
  const seen = toHaveMetered(market, { customer: customerIdentifier, units: 3 });
  assert.ok(seen.pass, seen.message());
  await client.close();
});
${CONFORMANCE}`;

let project: EmptyProject;
beforeAll(async () => {
  project = await emptyProject(["@countinghouse/protocol", "@countinghouse/client", "countinghouse"]);
  const [kit, matchers, client] = ["countinghouse/testkit", "countinghouse/testkit/matchers", "@countinghouse/client"];
  const from = { startMarket: kit, describeConformance: kit, matchers, MarketplaceMeteringClient: client };
  const names = Object.entries(from);
  const imported = names.map(([name, entry]) => `import { ${name} } from "${entry}";\n`).join("");
  const required = names.map(([name, entry]) => `const { ${name} } = require("${entry}");\n`).join("");
  project.write("metering.test.cjs", required + SUITE);
  project.write("metering.test.mjs", imported + SUITE);
  project.write("node.mjs", NODE_TEST);
  project.write("jest.config.json", JSON.stringify({ testMatch: ["**/*.test.?js"], transform: {} }));
}, PACK_TIMEOUT_MS);
afterAll(() => project.remove());

const kinds = [
  ["CommonJS", "metering.test.cjs", []],
  ["ES modules", "metering.test.mjs", ["--experimental-vm-modules"]],
] as const;

test.each(kinds)("Jest with %s", async (_kind, file, flags) => {
  if (!existsSync(JEST)) return void process.stdout.write("Jest is not there: npm run runtimes installs it.\n");
  const args = [...flags, JEST, "--config", "jest.config.json", "--rootDir", project.folder, file];
  const { code, output } = await project.run(process.execPath, args);
  expect(output).toContain(`${2 + CONFORMANCE_CASES} passed, ${2 + CONFORMANCE_CASES} total`);
  expect(output).not.toContain("did not exit");
  expect(code, output).toBe(0);
});

test("node:test", async () => {
  const { code, output } = await project.run(process.execPath, ["--test", "node.mjs"]);
  expect(output).toMatch(new RegExp(`pass ${1 + CONFORMANCE_CASES}\\b`));
  expect(code, output).toBe(0);
});

test("require() and import have the same names, and load one market between them", async () => {
  const program = `
    const required = require("countinghouse/testkit");
    import("countinghouse/testkit").then((imported) => console.log(required.startMarket === imported.startMarket));
    const { matchers } = require("countinghouse/testkit/matchers");
    console.log(Object.keys(matchers).join(" "));`;
  const { output } = await project.run(process.execPath, ["--input-type=commonjs", "--eval", program]);
  expect(output).toBe("toHaveMetered toHaveMeteredNothingFor toHaveRefused toHaveSeenCalls\ntrue\n");
});
