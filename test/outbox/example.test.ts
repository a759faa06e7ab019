/** The example of the README, as it stands there. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { demoMarket } from "../support/demo-market.ts";
import { folderOfTest, recordsOf } from "../support/outbox.ts";
import { NODE_FLAGS } from "../support/server.ts";

test("from a running server to a delivered reading", async () => {
  const server = await demoMarket();
  onTestFinished(async () => {
    await server.stop();
  });
  const example = fileURLToPath(new URL("../../examples/outbox.ts", import.meta.url));
  const env = { ...process.env, AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint };
  const child = spawn(process.execPath, [...NODE_FLAGS, example, join(folderOfTest(), "usage.outbox")], { env });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(output).toMatch(/The reading is recorded\.\nEntries: \{"delivered":1\}\n1 GB are delivered: [0-9a-f-]{36}\n/);
  expect(code).toBe(0);
  expect(await recordsOf(server)).toMatchObject([{ quantity: 1, dimension: "gb_ingested" }]);
});
