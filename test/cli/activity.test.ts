/** Commands about what is kept as it is kept, requests, the server, and what would be. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registrationToken } from "../support/operator-api.ts";
import { send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO, MAIN, NODE_FLAGS, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { cellsOf, commandsFor } from "./command.ts";

let server: RunningServer;
const folder = temporaryFolder();
beforeAll(async () => {
  server = await startServer(["--store", "memory:"]);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});
const { ok, json, fails } = commandsFor(() => server);

async function meter(quantity: number, productCode: string = DEMO.productCode): Promise<string> {
  const record = {
    Timestamp: Date.now() / 1_000,
    CustomerIdentifier: DEMO.customers[0],
    Dimension: "seats",
    Quantity: quantity,
  };
  const input = { ProductCode: productCode, UsageRecords: [record] };
  const { headers } = await send(server.endpoint, signed(wireRequest(server.endpoint, "BatchMeterUsage", input)));
  return headers["x-amzn-requestid"] as string;
}

test("activity tail prints each call as it is kept, and ends by Ctrl-C with nothing left to say", async () => {
  const env = { COUNTINGHOUSE_OPERATOR_URL: server.operatorUrl, COUNTINGHOUSE_OPERATOR_TOKEN: server.operatorToken };
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, "activity", "tail", "--json", "--outcome", "refused"], {
    env: { ...process.env, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise((resolve) => child.once("close", resolve));
  await until(
    async () => ((await server.operator("GET", "/server")).body as { activityReaders: number }).activityReaders === 1,
  );
  await meter(1);
  const id = await meter(1, "nothing");
  await until(() => stdout.endsWith("\n"));
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(stderr).toBe("");
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(lines).toEqual([expect.objectContaining({ kind: "message", requestID: id, outcome: "refused" })]);
});

test("request list and show, with what came of each, and in a lab as it stood on the wire", async () => {
  const id = await meter(1, "nothing");
  const [heading, row] = cellsOf(await ok("request", "list", "--outcome", "refused"));
  expect(heading).toEqual(["time", "event", "account", "outcome", "requestId", "reason"]);
  expect(row?.slice(1, 5)).toEqual(["BatchMeterUsage", DEMO.seller, "refused", id]);
  expect(await ok("request", "show", id)).toContain("InvalidProductCodeException");
  const raw = await ok("request", "show", id, "--raw");
  expect(raw).toContain("AWS4-HMAC-SHA256");
  expect(raw).not.toMatch(/Signature=[0-9a-f]/);
  expect(await fails(1, "request", "show", "nothing")).toContain("No request nothing is kept.");
});

test("request replay and diagnose", async () => {
  const id = await meter(1);
  expect(await json("request", "replay", id)).toMatchObject({ status: 200 });
  const body = join(folder.path, "body.json");
  writeFileSync(body, JSON.stringify({ ProductCode: "nothing", UsageRecords: [] }));
  expect(await json("request", "replay", id, "--body", body)).toMatchObject({ status: 400 });
  expect(await ok("request", "diagnose", id)).toContain("The signature is good.");
  expect(await fails(2, "request", "diagnose")).toContain("needs a request's id, or --file");
  expect(await fails(2, "request", "replay", id, "--body", join(folder.path, "none"))).toContain("cannot be read");
});

test("server info, search, agreement history, account simulate, token inspect, audit verify", async () => {
  expect(await ok("server", "info")).toMatch(/store +memory/);
  expect(cellsOf(await ok("search", "agmt-demo1"))[1]?.slice(0, 2)).toEqual(["agreement", "agmt-demo1"]);
  const token = await registrationToken(server, "agmt-demo1");
  expect(cellsOf(await ok("agreement", "history", "agmt-demo1"))[1]?.[1]).toBe("token-issued");
  expect(await ok("token", "inspect", token)).toContain(`ResolveCustomer answers it to account ${DEMO.seller}.`);
  const principal = `arn:aws:iam::${DEMO.seller}:user/metering`;
  expect(await ok("account", "simulate", principal, "aws-marketplace:MeterUsage")).toMatch(/^allowed: /);
  expect(await ok("audit", "verify")).toContain("The audit trail is intact.");
});

test("resource use", async () => {
  const document = {
    platform: "ec2",
    externalId: "i-00000000000000001",
    accountId: "444455556666",
    region: "us-east-1",
  };
  const { body } = await server.operator("POST", "/resources", document);
  const { resourceId } = body as { readonly resourceId: string };
  expect(await json("resource", "use", resourceId)).toMatchObject({ resourceId, hours: [], units: [] });
  expect(await fails(1, "resource", "use", "ec2-none")).toContain("No resource ec2-none.");
});
