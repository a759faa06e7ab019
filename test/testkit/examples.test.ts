/** The examples of this repository are sellers who do all right: advice has nothing to say of them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { matchers } from "countinghouse/testkit/matchers";
import { expect, test } from "vitest";
import { newFolder } from "../support/scoped.ts";
import { DEMO, NODE_FLAGS } from "../support/server.ts";
import { marketOf } from "./support.ts";

expect.extend(matchers);

const ROOT = new URL("../../", import.meta.url);
const DEMO_CATALOGUE = fileURLToPath(new URL("packages/server/src/catalogue/demo.yaml", ROOT));

async function run(example: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const file = fileURLToPath(new URL(`examples/${example}`, ROOT));
  const child = spawn(process.execPath, [...NODE_FLAGS, file, ...args], { env: { ...process.env, ...env } });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code, output).toBe(0);
  return output;
}

test("the outbox's, run twice, with an answer lost on the way", async () => {
  // Its own clock is the time of day, and so is the market's.
  const market = await marketOf({
    now: undefined,
    rules: "classic",
    catalogue: DEMO_CATALOGUE,
    unexpectedCalls: "error",
  });
  const file = join(newFolder(), "usage.outbox");
  await market.faults.dropAnswer("BatchMeterUsage");
  await run("outbox.ts", [file], { AWS_ENDPOINT_URL_MARKETPLACE_METERING: market.url });
  const output = await run("outbox.ts", [file], { AWS_ENDPOINT_URL_MARKETPLACE_METERING: market.url });
  expect(output).toContain("GB are delivered");
  expect(market).toHaveMetered({
    customer: DEMO.customers[0],
    product: { productCode: DEMO.productCode },
    dimension: "gb_ingested",
  });
  await market.clock.advance({ hours: 1 });
  expect(await market.advice()).toEqual([]);
}, 60_000);

test("the walk of a SaaS seller, which asks its own server", async () => {
  expect(await run("saas-metering.ts", [], {})).toContain("nothing that shows\nDone.");
}, 60_000);
