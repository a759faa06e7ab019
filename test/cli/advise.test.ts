/** `advise`: what it prints, and how it ends. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { commandsFor } from "./command.ts";

const NOW = "2026-07-20T12:00:00Z";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", `manual:${NOW}`]);
});
afterAll(() => server.stop());

const { run, ok, json, fails } = commandsFor(() => server);

async function meter(quantity: number): Promise<void> {
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: "seats" };
  await client.send(
    new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [{ ...record, Quantity: quantity }] }),
  );
  client.destroy();
}

test("says that there is nothing to say, and then what there is, with the requests that show it", async () => {
  const nothing =
    "Nothing to say. 0 calls and changes from 2026-07-13T12:00:00.001Z to 2026-07-20T12:00:00.001Z were looked at.\n";
  expect(await ok("advise", "--check")).toBe(nothing);
  for (const quantity of [3, 5, 9]) await meter(quantity);
  const text = await ok("advise", "--product", DEMO.productCode, "--account", DEMO.seller);
  expect(text.replaceAll(/[0-9a-f-]{36}/g, "id")).toBe(`\
A running total is sent again and again (rising-duplicates): account 111122223333, product ${DEMO.productCode}
  The first total stands; what was used after it is never billed.
  Right: Send an hour's total once, when the hour is over. A record is neither replaced nor added to.
  Source: service model and API reference, marketplace metering 2016-01-14: UsageRecordResult.Status; Rule K3.
  Seen:
    2026-07-20T12:00:00.000Z id: 5 seats for 444455556666 in the hour 2026-07-20T12:00:00.000Z, where 3 stand
    2026-07-20T12:00:00.000Z id: 9 seats for 444455556666 in the hour 2026-07-20T12:00:00.000Z, where 3 stand

3 calls and changes from 2026-07-13T12:00:00.001Z to 2026-07-20T12:00:00.001Z were looked at.
`);
  const newest = await ok("advise", "--newest", "--evidence", "1");
  expect(newest).toContain("9 seats for 444455556666");
  expect(newest).not.toContain("5 seats for 444455556666");
  expect(newest).toContain("… and 1 more");
  expect(await json("advise")).toMatchObject({ items: [{ id: "rising-duplicates", count: 2 }], entriesRead: 3 });
  const checked = await run(["advise", "--check"]);
  expect(checked).toMatchObject({ code: 1, stderr: "countinghouse: There is one mistake.\n" });
  expect(checked.stdout).toContain("rising-duplicates");
  expect(await ok("advise", "--until", "2026-07-20")).toContain("Nothing to say.");
});

test("refuses times that are none, or the wrong way round", async () => {
  expect(await fails(2, "advise", "--from", "monday")).toContain("--from");
  expect(await fails(2, "advise", "--evidence", "1001")).toContain("a whole number from 1 to 1000");
  expect(await fails(1, "advise", "--from", "2026-07-20", "--until", "2026-07-19")).toContain("must lie before");
});
