/** `store verify`: finds each way in which entries and metering records can disagree, and names the first. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { verify, type Verification } from "../../packages/server/src/stores/sqlite/verification/verify.ts";
import { DEMO, officialClient, runCommand, startServer, temporaryFolder } from "../support/server.ts";

const folder = temporaryFolder();
const sound = join(folder.path, "sound");
const ids: string[] = [];

/** Three calls of two records each, a replay of the first, a duplicate, a customer without an agreement, and a refusal. */
beforeAll(async () => {
  const server = await startServer(["--store", `sqlite:${sound}`, "--clock", "manual:2026-07-20T12:00:00Z"]);
  await server.operator("POST", "/agreements", {
    agreementId: "ended",
    productCode: DEMO.productCode,
    customerAccountId: "222233334444",
    customerIdentifier: "formerCustomer",
    startsAt: "2020-01-01T00:00:00Z",
    endsAt: "2021-01-01T00:00:00Z",
  });
  const client = officialClient(server.endpoint);
  const send = async (
    hour: number,
    quantity: number,
    customer = "demoCustomer1",
    dimension = "seats",
  ): Promise<void> => {
    const { Results = [] } = await client.send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: [dimension, "queries"].map((Dimension) => ({
          Timestamp: new Date(Date.UTC(2026, 6, 20, hour, 30)),
          CustomerIdentifier: customer,
          Dimension,
          Quantity: quantity,
        })),
      }),
    );
    ids.push(...Results.map(({ MeteringRecordId = "", Status }) => `${Status} ${MeteringRecordId}`));
  };
  for (const hour of [9, 10, 11]) await send(hour, hour);
  await send(9, 9);
  await send(10, 11);
  await send(11, 11, "formerCustomer");
  await expect(send(11, 11, "demoCustomer1", "nothing")).rejects.toThrow(/dimension/);
  client.destroy();
  expect(await server.stop()).toBe(0);
});
afterAll(() => folder.remove());

/** A copy of the ledger with something done to it, as nothing of this program would. */
function altered(sql: string): string {
  const copy = temporaryFolder();
  onTestFinished(() => copy.remove());
  copyFileSync(join(sound, "ledger.sqlite"), join(copy.path, "ledger.sqlite"));
  const db = new DatabaseSync(join(copy.path, "ledger.sqlite"));
  db.exec(sql);
  db.close();
  return copy.path;
}

const disagreementOf = (sql: string): Verification["disagreement"] => verify(altered(sql)).disagreement;
const idOf = (i: number): string => (ids[i] ?? "").split(" ")[1] ?? "";

/** Which entry the nth call with usage is. */
function entryOf(call: number): number {
  const db = new DatabaseSync(join(sound, "ledger.sqlite"), { readOnly: true });
  const entries = db.prepare("SELECT seq FROM entry WHERE body LIKE '%usage-metered%' ORDER BY seq").all();
  db.close();
  return Number(entries[call]?.["seq"]);
}

/** Puts a record into the index that points at `to`, an entry and a position. */
const strayRow = (to: string): string =>
  `INSERT INTO metering_record SELECT hour + 1000, offering, region, customer, dimension, discriminator, quantity, ${to}
   FROM metering_record LIMIT 1`;
const stranger = (seq: number, position: number): string =>
  `A key points at record ${position} of entry ${seq}, which was not accepted under that key.`;

test("a ledger as it was written agrees, replays, duplicates and refusals included", async () => {
  const statuses = ids.map((id) => id.split(" ")[0]);
  expect(statuses.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => "Success"));
  const refusals = ["DuplicateRecord", "DuplicateRecord", "CustomerNotSubscribed", "CustomerNotSubscribed"];
  expect(statuses.slice(8)).toEqual(refusals);
  const head = { seq: entryOf(5) + 1, link: expect.stringMatching(/^[0-9a-f]{64}$/) as string };
  expect(verify(sound)).toEqual({
    entries: head.seq,
    head,
    meteringRecords: 6,
    notes: undefined,
    disagreement: undefined,
  });
  const { code, stdout } = await runCommand(["store", "verify", "--store", `sqlite:${sound}`]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^entries +\d+\nmeteringRecords +6\n\nThe ledger agrees with itself\.\n$/);
});

test("a ledger that disagrees ends the command with 1, and the place is named", async () => {
  const path = altered("UPDATE metering_record SET quantity = 1000 WHERE quantity = 10");
  const ran = await runCommand(["store", "verify", "--store", `sqlite:${path}`]);
  const disagreement = `${idOf(2)} (record 1 of entry ${entryOf(1)}) has the quantity 10, but is kept with 1000.`;
  expect(ran).toEqual({
    code: 1,
    stdout: "",
    stderr: `countinghouse: The ledger contradicts itself. ${disagreement}\n`,
  });
  const json = await runCommand(["store", "verify", "--store", `sqlite:${path}`, "--json"]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toEqual({
    agrees: false,
    entries: entryOf(1),
    head: { seq: entryOf(1), link: expect.any(String) as string },
    meteringRecords: 2,
    disagreement,
  });
});

const swap = (a: number, b: number): string => `UPDATE entry SET seq = ${b} WHERE seq = ${a};`;

describe("it is named", () => {
  test("that an accepted record is not kept", () => {
    const sql = `DELETE FROM metering_record WHERE entry_seq = ${entryOf(1)} AND position = 1`;
    expect(disagreementOf(sql)).toBe(
      `${idOf(3)} (record 2 of entry ${entryOf(1)}) was accepted, but nothing is kept under its key.`,
    );
  });

  test("that a key was changed", () => {
    const sql = `UPDATE metering_record SET hour = hour + 1000 WHERE entry_seq = ${entryOf(2)} AND position = 0`;
    expect(disagreementOf(sql)).toContain(`${idOf(4)} (record 1 of entry ${entryOf(2)}) was accepted, but nothing`);
  });

  test("that a key points elsewhere", () => {
    const sql = `UPDATE metering_record SET position = 1 - position WHERE entry_seq = ${entryOf(0)}`;
    expect(disagreementOf(sql)).toBe(
      `${idOf(0)} (record 1 of entry ${entryOf(0)}) was accepted, but its key points at record 2 of entry ${entryOf(0)}.`,
    );
  });

  test("that a name stands for another", () => {
    const sql = "UPDATE name SET text = 'identifier:somebodyElse' WHERE text = 'identifier:demoCustomer1'";
    expect(disagreementOf(sql)).toContain("nothing is kept under its key");
  });

  test("that a record is kept of which no entry knows", () => {
    expect(disagreementOf(strayRow("9999, 0"))).toBe(stranger(9_999, 1));
    expect(disagreementOf(strayRow("1, 0"))).toBe(stranger(1, 1));
    expect(disagreementOf(strayRow(`${entryOf(0)}, 0`))).toBe(stranger(entryOf(0), 1));
    expect(disagreementOf(strayRow(`${entryOf(3)}, 0`)), "a replay is not accepted again").toBe(
      stranger(entryOf(3), 1),
    );
    expect(disagreementOf(strayRow(`${entryOf(5)}, 1`)), "nor is what was refused").toBe(stranger(entryOf(5), 2));
  });

  test("that an entry was rewritten", () => {
    const seq = entryOf(1);
    const broken = new RegExp(
      `^Entry ${seq} \\(request [0-9a-f-]{36}\\) is not as it was written: the chain breaks here`,
    );
    for (const set of [
      "body = replace(body, ',10]', ',12]')",
      "body = replace(body, 'us-east-1', 'eu-west-1')",
      "body = body || ' '",
      "at_ms = at_ms + 1",
      "request_id = randomblob(16)",
      "link = randomblob(32)",
      "link = NULL",
    ]) {
      expect(disagreementOf(`UPDATE entry SET ${set} WHERE seq = ${seq}`), set).toMatch(broken);
    }
  });

  test("that an entry was taken out, or two change places", () => {
    const seq = entryOf(1);
    expect(disagreementOf(`DELETE FROM entry WHERE seq = ${seq}`)).toBe(`Entry ${seq} is missing.`);
    expect(disagreementOf(swap(seq, 1_000) + swap(seq + 1, seq) + swap(1_000, seq + 1))).toContain(`Entry ${seq} (`);
    const close = `DELETE FROM entry WHERE seq = ${seq}; UPDATE entry SET seq = seq - 1 WHERE seq > ${seq}`;
    expect(disagreementOf(close)).toContain(`Entry ${seq} (`);
  });

  test("that the end was cut off, records and all", () => {
    const seq = entryOf(2);
    const cut = `DELETE FROM metering_record WHERE entry_seq >= ${seq}; DELETE FROM entry WHERE seq >= ${seq}`;
    expect(disagreementOf(cut)).toBe(
      `The ledger ends at entry ${seq - 1}, but what the last commit noted knows of entry ${entryOf(5) + 1}.`,
    );
    expect(verify(altered(`${cut}; DELETE FROM setting WHERE name = 'chain-head'`)).disagreement).toBeUndefined();
    const known = { seq, link: "0".repeat(64), source: "the checkpoint" };
    const cutWhole = altered(`${cut}; DELETE FROM setting WHERE name = 'chain-head'`);
    expect(verify(cutWhole, [known]).disagreement).toBe(
      `The ledger ends at entry ${seq - 1}, but the checkpoint knows of entry ${seq}.`,
    );
  });

  test("that a chain was made anew from one entry on, where a head of it is known", () => {
    const { head } = verify(sound);
    expect(verify(sound, [{ ...head, source: "the checkpoint" }]).disagreement).toBeUndefined();
    const other = { seq: entryOf(1), link: head.link, source: "the checkpoint" };
    expect(verify(sound, [other]).disagreement).toBe(
      `Entry ${entryOf(1)}, or one before it, is not the one that the checkpoint knows of.`,
    );
  });

  test("that an entry is found under what is not its own", () => {
    const seq = entryOf(1);
    for (const [column, name] of [
      ["operation", "operation"],
      ["principal", "principal"],
      ["account", "accountId"],
      ["access_key", "accessKeyId"],
      ["product", "productCode"],
    ] as const) {
      const sql = `UPDATE entry SET ${column} = (SELECT id FROM name WHERE text = 'us-east-1') WHERE seq = ${seq}`;
      expect(disagreementOf(sql)).toBe(`Entry ${seq} is found under another ${name} than its own.`);
      expect(disagreementOf(`UPDATE entry SET ${column} = NULL WHERE seq = ${seq}`)).toContain(`another ${name}`);
    }
  });

  test("that an entry cannot be read", () => {
    const seq = entryOf(2);
    expect(disagreementOf(`UPDATE entry SET body = substr(body, 1, 50) WHERE seq = ${seq}`)).toContain(
      `Entry ${seq} cannot be read: `,
    );
    const version = `UPDATE entry SET body = replace(body, '"v":1', '"v":9') WHERE seq = ${seq}`;
    expect(disagreementOf(version)).toMatch(new RegExp(`^Entry ${seq} cannot be read: .* unknown version 9`));
  });

  test("that an entry is missing, with all that it kept or not", () => {
    const seq = entryOf(1);
    const missing = `Entry ${seq} is missing.`;
    expect(disagreementOf(`DELETE FROM entry WHERE seq = ${seq}`)).toBe(missing);
    expect(
      disagreementOf(`DELETE FROM entry WHERE seq = ${seq}; DELETE FROM metering_record WHERE entry_seq = ${seq}`),
    ).toBe(missing);
    expect(disagreementOf("DELETE FROM entry WHERE seq = 1")).toBe("Entry 1 is missing.");
  });

  test("that entries are out of order", () => {
    const seq = entryOf(2);
    expect(disagreementOf(`UPDATE entry SET at_ms = at_ms - 1 WHERE seq = ${seq}`)).toBe(
      `Entry ${seq} is older than the one before it.`,
    );
  });

  test("that the file is damaged", () => {
    const path = altered("");
    const file = join(path, "ledger.sqlite");
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 8_192, 12_288));
    expect(verify(path).disagreement).toMatch(/^The file is damaged: /);
  });
});

test("verification leaves the ledger as it was", () => {
  const path = altered("");
  const before = readFileSync(join(path, "ledger.sqlite"));
  verify(path);
  expect(readFileSync(join(path, "ledger.sqlite")).equals(before)).toBe(true);
});

test("there is nothing to verify where there is no ledger, or one of a newer server", async () => {
  const nowhere = await runCommand(["store", "verify", "--store", "sqlite:/nowhere"]);
  expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining("There is no ledger") as string });
  const newer = altered("PRAGMA user_version = 99");
  const ran = await runCommand(["store", "verify", "--store", `sqlite:${newer}`]);
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("schema version 99") as string });
});
