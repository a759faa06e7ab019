/** `fault` and `explain`. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
});
afterAll(() => server.stop());

const { ok, json, fails } = commandsFor(() => server);

/** Sends seats at these minutes past eleven; answers the request's id and the ids of its records, or the refusal's id. */
async function meter(minutes: readonly number[], Dimension = "seats"): Promise<{ requestId: string; ids: string[] }> {
  const client = officialClient(server.endpoint);
  const UsageRecords = minutes.map((minute) => ({
    Timestamp: new Date(Date.UTC(2026, 6, 20, 11, minute)),
    CustomerIdentifier: "demoCustomer1",
    Dimension,
    Quantity: 3,
  }));
  try {
    const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords });
    const { Results = [], $metadata } = await client.send(command);
    return { requestId: $metadata.requestId ?? "", ids: Results.map(({ MeteringRecordId = "" }) => MeteringRecordId) };
  } catch (error) {
    return { requestId: (error as { $metadata: { requestId: string } }).$metadata.requestId, ids: [] };
  } finally {
    client.destroy();
  }
}

describe("fault", () => {
  test("add prints the fault's id and nothing else; list shows it with its hits; clear takes it away", async () => {
    const text = await ok("fault", "add", "--operation", "BatchMeterUsage", "--kind", "throttle");
    expect(text).toMatch(/^[0-9a-f-]{36}\n$/);
    const faultId = text.trim();
    await meter([0]);
    const [headings, ...rows] = cellsOf(await ok("fault", "list"));
    expect(headings?.slice(0, 5)).toEqual(["faultId", "operation", "kind", "hits", "remaining"]);
    expect(rows.map((row) => row.slice(0, 5))).toEqual([[faultId, "BatchMeterUsage", "throttle", "1", "0"]]);
    expect(await ok("fault", "clear", faultId)).toBe(`Fault ${faultId} is gone.\n`);
    expect(await json("fault", "list")).toEqual([]);
  });

  test("add takes every member, and prints JSON", async () => {
    const flags = ["--operation", "BatchMeterUsage", "--kind", "unprocessed", "--count", "4", "--probability", ".5"];
    const scope = ["--records", "2", "--product", DEMO.productCode, "--account", DEMO.seller];
    const fault = await json("fault", "add", ...flags, ...scope);
    expect(fault).toEqual({
      faultId: expect.any(String) as string,
      operation: "BatchMeterUsage",
      kind: "unprocessed",
      count: 4,
      probability: 0.5,
      records: 2,
      match: { productCode: DEMO.productCode, accountId: DEMO.seller },
      hits: 0,
      remaining: 4,
    });
    const delay = ["--operation", "ResolveCustomer", "--kind", "delay", "--delay-ms", "20", "--probability", "1"];
    expect(await json("fault", "add", ...delay)).toMatchObject({ kind: "delay", delayMs: 20, probability: 1 });
    expect(await ok("fault", "list")).toContain("no end");
    expect(await ok("fault", "clear")).toBe("All faults are gone.\n");
    expect(await json("fault", "clear")).toEqual({ cleared: "all" });
  });

  test("ends with 2 for what is no fault, with 1 where the server refuses", async () => {
    const throttle = ["fault", "add", "--operation", "BatchMeterUsage", "--kind", "throttle"];
    expect(await fails(2, "fault", "add", "--kind", "throttle")).toContain("--operation <name>' not specified");
    expect(await fails(2, "fault", "add", "--operation", "BatchMeterUsage")).toContain("--kind <kind>' not specified");
    expect(await fails(2, ...throttle.with(5, "meltdown"))).toContain("Allowed choices are throttle, internal-error");
    expect(await fails(2, ...throttle, "--count", "0")).toContain("It must be a whole number from 1 to 1000000.");
    for (const share of ["0", "1.5", "-1", "half"]) {
      expect(await fails(2, ...throttle, `--probability=${share}`)).toContain(
        "It must be a number above 0 and up to 1",
      );
    }
    expect(await fails(1, ...throttle, "--delay-ms", "5")).toContain("delayMs: is for the kind delay only");
    expect(await fails(1, ...throttle.with(3, "Nothing"))).toContain("operation: ");
    expect(await fails(1, "fault", "clear", "nothing")).toBe("countinghouse: No fault nothing.\n");
  });

  test("ends with 1 outside a lab, and says what it takes", async () => {
    const noLab = await startServer(["--store", "memory:", "--no-lab"]);
    const outside = commandsFor(() => noLab);
    expect(await outside.fails(1, "fault", "list")).toBe("countinghouse: Faults on demand need --lab.\n");
    await noLab.stop();
  });
});

describe("explain", () => {
  test("tells a refusal with its rule, source and figures", async () => {
    const { requestId } = await meter([5], "nothing");
    const text = await ok("explain", requestId);
    expect(text).toMatch(/^Refused by Rule U1: InvalidUsageDimensionException\.\n/);
    expect(text).toMatch(/^ {2}operation {6}BatchMeterUsage$/m);
    expect(text).toMatch(/^Rule U1: The product has the dimension, as a metered one\.\n {2}Source: /m);
    expect(text).toMatch(/^Compared\n {2}record {7}1\n {2}dimension {4}nothing$/m);
  });

  test("tells of each usage record what became of it, and spells each rule out once", async () => {
    const { requestId, ids } = await meter([0, 30, 40], "queries");
    const text = await ok("explain", requestId);
    expect(text).toMatch(/^3 usage records: 1 accepted, 2 replays\.\n/);
    expect(text).toMatch(new RegExp(`^Usage record 1: accepted \\(Rule K1\\)\n  metering record ${ids[0]}$`, "m"));
    expect(text).toMatch(/^Usage record 3: replay \(Rule K2\)$/m);
    expect(text).toMatch(/^ {2}kept\n {4}meteringRecordId/m);
    expect(text).toContain("Usage of one key is not added up within its hour");
    expect(text.match(/Rule K2: /g)).toHaveLength(1);
    expect(await ok("explain", ids[0] ?? "")).toBe(`Metering record ${ids[0]} was made by this request.\n${text}`);
    expect(await json("explain", ids[0] ?? "")).toMatchObject({ requestId, meteringRecordId: ids[0] });
  });

  test("tells of a fault that hit, and of the call that asked for it", async () => {
    const faultId = (await ok("fault", "add", "--operation", "BatchMeterUsage", "--kind", "unprocessed")).trim();
    const { requestId } = await meter([0]);
    const text = await ok("explain", requestId);
    expect(text).toContain(`Fault on demand: unprocessed (${faultId})`);
    expect(text).toContain("Usage record 1: unprocessed (Rule F1)");
    expect(text).toContain("send it again, unchanged");
    expect(await ok("explain", faultId)).toMatch(/^Fault added\.\n\n {2}requestId/);
  });

  test("ends with 1 for what is not kept, with 2 without an id", async () => {
    expect(await fails(1, "explain", "nothing")).toContain("No request or metering record nothing is kept.");
    expect(await fails(2, "explain")).toContain("missing required argument 'request-id'");
  });
});
