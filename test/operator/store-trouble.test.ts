/** A store that cannot do its work: every route says so with 503 and the reason, and nothing else of it. */
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, type RunningServer } from "../support/server.ts";
import { ROUTES } from "./routes.ts";

/** What the server writes to and reads is not there: each statement fails at once, and the file is whole. */
const AWAY = "ALTER TABLE entry RENAME TO entry_away; ALTER TABLE metering_record RENAME TO metering_record_away";
const BACK = "ALTER TABLE entry_away RENAME TO entry; ALTER TABLE metering_record_away RENAME TO metering_record";

const RESOURCE = { platform: "ec2", externalId: "i-1", accountId: "444455556666", region: "us-east-1" };

interface Opened {
  readonly server: RunningServer;
  /** Another program's connection to the ledger's file. */
  readonly db: DatabaseSync;
}

async function opened(...args: readonly string[]): Promise<Opened> {
  const folder = newFolder();
  const store = join(folder, "data");
  const clock = ["--clock", "manual:2026-03-10T12:00:00Z"];
  const server = await start(["--store", `sqlite:${store}`, "--lab", ...clock, ...args]);
  return { server, db: new DatabaseSync(join(store, "ledger.sqlite")) };
}

/** What changes the ledger, as something that would be done: one call for each route that is no GET. */
async function changes(server: RunningServer): Promise<readonly (readonly [string, string, string, unknown?])[]> {
  const resource = await server.operator("POST", "/resources", RESOURCE);
  const { resourceId } = resource.body as { resourceId: string };
  const fault = await server.operator("POST", "/faults", { operation: "ResolveCustomer", kind: "throttle" });
  const { faultId } = fault.body as { faultId: string };
  const key = await server.operator("POST", "/accounts/111122223333/access-keys", {});
  const { accessKeyId } = key.body as { accessKeyId: string };
  const product = { productCode: "new", title: "New", seller: DEMO.seller, type: "saas", pricing: "usage" };
  const agreement = { agreementId: "new", productCode: DEMO.productCode, customerAccountId: "444455556666" };
  const startsAt = "2020-01-01T00:00:00Z";
  return [
    ["post", "/accounts", "/accounts", { id: "999900001111" }],
    ["patch", "/accounts/{id}", "/accounts/111122223333", { title: "New" }],
    ["post", "/accounts/{id}/access-keys", "/accounts/111122223333/access-keys", {}],
    ["delete", "/accounts/{id}/access-keys/{keyId}", `/accounts/111122223333/access-keys/${accessKeyId}`],
    ["post", "/products", "/products", product],
    ["patch", "/products/{id}", `/products/${DEMO.productCode}`, { title: "New" }],
    [
      "post",
      "/products/{id}/dimensions/{dimension}/prices",
      `/products/${DEMO.productCode}/dimensions/seats/prices`,
      { price: "2" },
    ],
    ["post", "/agreements", "/agreements", { ...agreement, startsAt }],
    ["patch", "/agreements/{id}", "/agreements/agmt-demo1", { freeTrial: true }],
    ["post", "/agreements/{id}/cancel", "/agreements/agmt-demo1/cancel"],
    ["post", "/agreements/{id}/suspend", "/agreements/agmt-demo1/suspend"],
    ["post", "/agreements/{id}/resume", "/agreements/agmt-demo1/resume"],
    ["post", "/registration-tokens", "/registration-tokens", { agreementId: "agmt-demo1" }],
    ["post", "/registration-keys", "/registration-keys"],
    ["put", "/clock", "/clock", { advanceSeconds: 60 }],
    ["post", "/reset", "/reset"],
    ["post", "/faults", "/faults", { operation: "ResolveCustomer", kind: "throttle" }],
    ["delete", "/faults", "/faults"],
    ["delete", "/faults/{id}", `/faults/${faultId}`],
    ["post", "/resources", "/resources", { ...RESOURCE, externalId: "i-2" }],
    ["post", "/resources/{id}/stop", `/resources/${resourceId}/stop`, {}],
    ["post", "/resource-events/ecs", "/resource-events/ecs", { "detail-type": "ECS Task State Change" }],
    ["post", "/snapshot/save", "/snapshot/save"],
  ];
}

function expectReason(answer: OperatorAnswer, reason: RegExp): void {
  expectProblem(answer, 503, reason);
  expect((answer.json as { title: string }).title).toBe("Not available now");
  expect(answer.text).not.toMatch(/SELECT|INSERT|node:|\.ts|stack|FaultError|DefectError/);
}

/** Routes that are no GET, since they read a body or begin a job. */
const CHANGES_NOTHING = new Set([
  "/audit-verifications",
  "/policy-simulations",
  "/registration-tokens/inspect",
  "/requests/{id}/replay",
  "/signature-diagnosis",
]);
/** Only where nothing has happened yet: it has a test of its own below. */
const INTO_EMPTY = "/snapshot/load";

test("where the ledger cannot be written, every route that would change it answers 503 with the reason", async () => {
  const { server, db } = await opened();
  const all = await changes(server);
  expect(all.map(([method, path]) => `${method} ${path}`).toSorted()).toEqual(
    ROUTES.filter(([method, path]) => method !== "get" && !CHANGES_NOTHING.has(path) && path !== INTO_EMPTY)
      .map(([method, path]) => `${method} ${path}`)
      .toSorted(),
  );
  const before = (await server.operator("GET", "/products")).body;
  db.exec(AWAY);
  const answers = await Promise.all(
    all.map(([method, , path, body]) =>
      callOperator(server, method.toUpperCase(), path, body === undefined ? {} : { body }),
    ),
  );
  for (const answer of answers)
    expectReason(answer, /^The ledger could not be (written|read): no such table: [\w.]+\.$/);
  expect((await server.operator("GET", "/products")).body).toEqual(before);
  db.exec(BACK);
  db.close();
  // What failed was not done, and is done when it is asked for again.
  for (const [method, , path, body] of all.filter(([, route]) =>
    /^\/(products|agreements\/\{id\}\/suspend)$/.test(route),
  )) {
    const answer = await callOperator(server, method.toUpperCase(), path, body === undefined ? {} : { body });
    expect(answer.status, answer.text).toBeLessThan(300);
  }
  await expect.poll(() => server.output(), { timeout: 10_000 }).toContain('"msg":"requests failed"');
}, 60_000);

test("where the ledger cannot be written, a snapshot is not loaded, and is when it can be", async () => {
  const { server: other } = await opened();
  const { file } = (await other.operator("POST", "/snapshot/save")).body as { file: string };
  const { server, db } = await opened();
  db.exec(AWAY);
  const load = (): Promise<OperatorAnswer> => callOperator(server, "POST", INTO_EMPTY, { body: { file } });
  expectReason(await load(), /^The ledger could not be (written|read): no such table: [\w.]+\.$/);
  db.exec(BACK);
  db.close();
  await expect.poll(async () => (await load()).status).toBe(200);
});

test("where the ledger cannot be read, every route that reads it answers 503 with the reason, and goes on when it can", async () => {
  const { server, db } = await opened();
  const made = await callOperator(server, "POST", "/accounts", { body: { id: "999900001111" } });
  const reading = [
    "/metering-records",
    "/audit-events",
    `/requests/${made.headers.get("x-request-id")}/explanation`,
    "/reports/usage-by-instance-type?month=2026-03",
    "/audit-verification",
  ];
  const statuses = async (): Promise<number[]> =>
    Promise.all(reading.map(async (path) => (await callOperator(server, "GET", path, JSON_ONLY)).status));
  expect(await statuses()).toEqual([200, 200, 200, 200, 200]);
  db.exec(AWAY);
  for (const path of reading) {
    expectReason(await callOperator(server, "GET", path), /^The ledger could not be read: no such table: \w+\.$/);
  }
  db.exec(BACK);
  db.close();
  expect(await statuses()).toEqual([200, 200, 200, 200, 200]);
});

const JSON_ONLY = { headers: { accept: "application/json" } };

test("where the ledger contradicts itself, what finds it and all changes after it answer 503 with the reason", async () => {
  const { server, db } = await opened();
  const made = await callOperator(server, "POST", "/accounts", { body: { id: "999900001111" } });
  const requestId = made.headers.get("x-request-id") ?? "";
  db.exec("UPDATE entry SET body = '{' WHERE seq = (SELECT max(seq) FROM entry)");
  db.close();
  const reason = new RegExp(`^Entry ${requestId} cannot be read\\.$`);
  expectReason(await callOperator(server, "GET", `/requests/${requestId}/explanation`), reason);
  expectReason(await callOperator(server, "POST", "/accounts", { body: { id: "999900002222" } }), reason);
  expectReason(await callOperator(server, "DELETE", "/faults"), reason);
  expect((await fetch(`${server.endpoint}/readyz`)).status).toBe(503);
  // What is in memory can still be looked at.
  expect((await callOperator(server, "GET", "/accounts/999900001111")).status).toBe(200);
});

test("where the file is locked, a change answers 503 once it has waited; what is not taken in meanwhile, at once", async () => {
  const { server, db } = await opened("--queued-requests-max", "2");
  // Somebody has the file open, and holds its lock for longer than the server waits.
  db.exec("BEGIN IMMEDIATE");
  const calls = Array.from({ length: 6 }, (_, i) =>
    callOperator(server, "POST", "/accounts", { body: { id: `99990000111${i}` } }),
  );
  const answers = await Promise.all(calls);
  db.exec("ROLLBACK");
  db.close();
  const full = answers.filter(({ text }) => text.includes("waiting"));
  const failed = answers.filter((answer) => !full.includes(answer));
  expect([full.length > 0, failed.length > 0]).toEqual([true, true]);
  for (const answer of failed)
    expectReason(
      answer,
      /^The ledger could not be written: another program holds its file locked \(database is locked\)\.$/,
    );
  for (const answer of full) expectReason(answer, /^2 requests are waiting to be committed\. Try again\.$/);
}, 60_000);
