/** Temporary access keys, of which there is no end: events are found by them for as long as events are kept, and no longer. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LookupEventsCommand, type LookupAttributeKey } from "@aws-sdk/client-cloudtrail";
import { MeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished, test } from "vitest";
import { add, moveClock } from "../support/operator-api.ts";
import { sessionOf } from "../support/resource-session.ts";
import { newFolder, start } from "../support/scoped.ts";
import { officialTrailClient } from "../support/server.ts";

const BUYER = "555566667777";
const AUDITOR = { name: "auditor", accessKeyId: "AKIATEMPORARYKEYS001", secretAccessKey: "auditor-secret" };
const RENEWALS = 40;

test("a row of a name for each temporary key goes with the last event of it", async () => {
  const data = join(newFolder(), "data");
  const flags = ["--store", `sqlite:${data}`, "--retention-days", "90", "--clock", "manual:2026-01-01T00:00:00Z"];
  const server = await start(flags);
  await add(server, "/accounts", { id: BUYER, users: [AUDITOR], roles: [{ name: "app" }] });
  const trail = officialTrailClient(server.endpoint, AUDITOR);
  onTestFinished(() => trail.destroy());
  const found = async (AttributeKey: LookupAttributeKey, AttributeValue: string): Promise<number> => {
    const { Events } = await trail.send(
      new LookupEventsCommand({ LookupAttributes: [{ AttributeKey, AttributeValue }] }),
    );
    return Events?.length ?? 0;
  };
  const names = (): number => {
    const db = new DatabaseSync(join(data, "ledger.sqlite"), { readOnly: true });
    const { count } = db.prepare("SELECT count(*) AS count FROM name").get() as { count: number };
    db.close();
    return count;
  };

  const keys: string[] = [];
  const before = names();
  for (let renewal = 0; renewal < RENEWALS; renewal += 1) {
    const externalId = `arn:aws:ecs:us-east-1:${BUYER}:task/cluster/${String(renewal % 4).padStart(32, "0")}`;
    const task = { platform: "ecs", externalId, accountId: BUYER, roleName: "app" } as const;
    const session = await sessionOf(server, task);
    keys.push(session.credentials.accessKeyId);
    const client = session.client();
    const usage = { ProductCode: "nobody's", Timestamp: new Date(), UsageDimension: "gb" };
    await expect(client.send(new MeterUsageCommand(usage))).rejects.toThrow();
    client.destroy();
  }
  expect(new Set(keys).size).toBe(RENEWALS);
  expect(names()).toBeGreaterThan(before + RENEWALS);
  for (const key of keys.slice(0, 3)) expect(await found("AccessKeyId", key)).toBe(1);
  expect(await found("Username", AUDITOR.name)).toBeGreaterThan(0);

  // What was looked up before the expiry is remembered after it by nobody.
  await moveClock(server, { now: "2026-02-15T00:00:00Z" });
  await found("AccessKeyId", keys[1] ?? "");
  await moveClock(server, { now: "2026-04-05T00:00:00Z" });
  expect(names()).toBeLessThan(before + RENEWALS / 2);
  for (const key of keys.slice(0, 3)) expect(await found("AccessKeyId", key)).toBe(0);
  expect(await found("AccessKeyId", AUDITOR.accessKeyId)).toBeGreaterThan(0);
  expect(await found("Username", AUDITOR.name)).toBeGreaterThan(0);
  const { body } = await server.operator("GET", "/audit-verification");
  expect(body).toMatchObject({ intact: true });
});
