/** A suite in Jest, as sellers have it: CommonJS as it is by default, and ES modules, on every Node that the client names. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { NODES, emptyProject, type EmptyProject } from "../support/empty-project.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";
import { DEMO } from "../support/server.ts";

const JEST = fileURLToPath(new URL("node_modules/jest/bin/jest.js", import.meta.url));
const SUITE = `
test("usage is metered", async () => {
  const client = new MarketplaceMeteringClient();
  const records = [{ timestamp: new Date(), customerIdentifier: "demoCustomer1", dimension: "gb_ingested", quantity: 1 }];
  const [result] = await client.meterAll(records, { productCode: "${DEMO.productCode}" }).toArray();
  expect(result.status).toMatch(/accepted|replay/);
  const error = await client.resolveCustomer({ registrationToken: "x" }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(MeteringError);
  await client.close();
});
`;
const NAMES = "{ MarketplaceMeteringClient, MeteringError }";

let project: EmptyProject;
let server: DemoMarket;
beforeAll(async () => {
  project = await emptyProject(["@countinghouse/protocol", "@countinghouse/client"]);
  project.write("metering.test.cjs", `const ${NAMES} = require("@countinghouse/client");${SUITE}`);
  project.write("metering.test.mjs", `import ${NAMES} from "@countinghouse/client";${SUITE}`);
  project.write("jest.config.json", JSON.stringify({ testMatch: ["**/*.test.?js"], transform: {} }));
  server = await demoMarket({ rules: "current" });
}, PACK_TIMEOUT_MS);
afterAll(async () => {
  project.remove();
  await server.stop();
});

const kinds = [
  ["CommonJS", "metering.test.cjs", []],
  ["ES modules", "metering.test.mjs", ["--experimental-vm-modules"]],
] as const;

describe.each(NODES)("Jest on $name", ({ name, binary, missing }) => {
  const skipped = missing || !existsSync(JEST);
  if (skipped) process.stdout.write(`Jest is not tried on ${name}: npm run runtimes installs both.\n`);

  test.skipIf(skipped).each(kinds)("%s", async (_kind, file, flags) => {
    const args = [...flags, JEST, "--config", "jest.config.json", "--rootDir", project.folder, file];
    const { code, output } = await project.run(binary, args, {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
      AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
    });
    expect(output).toContain("1 passed, 1 total");
    expect(code, output).toBe(0);
  });
});
