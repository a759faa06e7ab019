/** `/readyz` where no call succeeds: it says so, and why, and turns green by itself when calls would succeed again. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, loadServerArgs, meterInBook, usageAt } from "../support/load.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";

const WAIT = { timeout: 30_000, interval: 100 };

test("an administrator's lock on the file: red with the cause, green when it goes, without a call, and without an entry", async () => {
  const path = newFolder();
  const data = join(path, "data");
  const server = await start(loadServerArgs(path, data));
  const readiness = async (): Promise<string> => {
    const answer = await fetch(`${server.endpoint}/readyz`);
    return `${answer.status} ${(await answer.text()).trimEnd()}`;
  };
  const book = new Book();
  const connections = Array.from({ length: 20 }, () => new Connection(server.endpoint));
  onTestFinished(() => connections.forEach((connection) => connection.close()));
  const [first] = connections as [Connection];
  await meterInBook(first, [usageAt(0)], book);
  expect(await readiness()).toBe("200 ready");

  const admin = new DatabaseSync(join(data, "ledger.sqlite"));
  onTestFinished(() => admin.close());
  admin.exec("BEGIN IMMEDIATE");
  const failing = connections.map((connection, i) => meterInBook(connection, [usageAt(i + 1)], book));
  await expect.poll(readiness, WAIT).toMatch(/^503 not ready: nothing could be committed for \d+ seconds\. /);
  for (const { status } of await Promise.all(failing)) expect(status).toBe(500);
  await expect.poll(readiness, WAIT).toMatch(/^503 .*another program holds its file locked \(database is locked\)$/);

  const lines = server
    .output()
    .split("\n")
    .filter((line) => line.includes("failed"));
  expect(lines.filter((line) => line.includes('"msg":"request failed"')).length).toBeLessThanOrEqual(2);
  await expect.poll(() => counted(server.output()), WAIT).toBe(20);

  const entries = admin.prepare("SELECT count(*) AS n FROM entry").get();
  admin.exec("COMMIT");
  await expect.poll(readiness, WAIT).toBe("200 ready");
  expect(admin.prepare("SELECT count(*) AS n FROM entry").get()).toEqual(entries);
  expect(admin.prepare("SELECT count(*) AS n FROM setting WHERE name = 'probe'").get()).toEqual({ n: 0 });
  const unanswered = [...book.open];
  for (const batch of unanswered) await meterInBook(first, batch, book);
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
  expect((await runCommand(["store", "verify", "--store", `sqlite:${data}`])).code).toBe(0);
});

/** Requests that lines of the log tell of. */
function counted(output: string): number {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { msg: string; count?: number })
    .reduce(
      (sum, { msg, count = 0 }) => sum + (msg === "request failed" ? 1 : msg === "requests failed" ? count : 0),
      0,
    );
}

test("the length of the log can be watched", async () => {
  const path = newFolder();
  const server = await start(loadServerArgs(path, join(path, "data")));
  const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
  const [, bytes] = /^countinghouse_log_bytes (\d+)$/m.exec(metrics) ?? [];
  expect(Number(bytes)).toBe(statSync(join(path, "data", "ledger.sqlite-wal")).size);
});
