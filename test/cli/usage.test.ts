/** `usage` and the reports on the command line, and how they wait for a ledger that is being added up. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { DEMO, officialClient, runCommand, startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date("2026-07-20T11:30:00Z"), CustomerIdentifier: "demoCustomer1" };
  const UsageRecords = [
    { ...record, Dimension: "gb_ingested", Quantity: 8 },
    { ...record, Dimension: "queries", Quantity: 3 },
  ];
  await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  client.destroy();
});
afterAll(() => server.stop());

const { ok, json, fails } = commandsFor(() => server);
const JULY = ["--from", "2026-07-01", "--until", "2026-08-01"];

test("usage comes as a table, or as JSON", async () => {
  expect(cellsOf(await ok("usage", ...JULY))).toEqual([
    ["product", "customer", "dimension", "units"],
    [DEMO.productCode, "444455556666", "gb_ingested", "8"],
    [DEMO.productCode, "444455556666", "queries", "3"],
  ]);
  expect(cellsOf(await ok("usage", ...JULY, "--by", "day,dimension", "--money", "--dimension", "queries"))).toEqual([
    ["day", "dimension", "units", "money"],
    ["2026-07-20", "queries", "3", "0.03"],
  ]);
  expect(await json("usage", ...JULY, "--by", "hour", "--customer-account", "777788889999")).toEqual({
    items: [],
    from: "2026-07-01T00:00:00.000Z",
    to: "2026-08-01T00:00:00.000Z",
    finalUntil: "2026-07-20T06:00:00.000Z",
  });
});

test("what came again otherwise is marked, by day or by hour", async () => {
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date("2026-07-20T11:30:00Z"), CustomerIdentifier: "demoCustomer1" };
  const UsageRecords = [{ ...record, Dimension: "gb_ingested", Quantity: 9 }];
  await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  client.destroy();
  expect(cellsOf(await ok("usage", ...JULY, "--marks"))).toEqual([
    ["product", "customer", "dimension", "day", "duplicates", "refused", "adjusted"],
    [DEMO.productCode, "444455556666", "gb_ingested", "2026-07-20", "1", "-", "-"],
  ]);
  expect(await json("usage", ...JULY, "--marks", "--by", "hour")).toMatchObject({
    items: [{ hour: "2026-07-20T11:00:00Z", duplicates: 1 }],
  });
});

test("what cannot be asked for is a complaint", async () => {
  expect(await fails(2, "usage", ...JULY, "--by", "seller")).toContain("a comma list of product, customer");
  expect(await fails(1, "usage", ...JULY, "--by", "hour,day")).toContain("at most one of hour, day, month");
  expect(await fails(1, "usage", "--from", "2026-07-02", "--to", "2026-07-01")).toContain("later than from");
});

const times = async (...flags: string[]): Promise<object> => {
  const { from, to } = (await json("usage", ...flags)) as { readonly from: string; readonly to: string };
  return { from, to };
};

test("where no time is said, it is the month of the service clock up to now, or the one in which the end lies", async () => {
  expect(await times()).toEqual({ from: "2026-07-01T00:00:00.000Z", to: "2026-07-20T13:00:00.000Z" });
  expect(await times("--from", "2026-06-05")).toEqual({ from: "2026-06-05T00:00:00.000Z", to: "2026-07-20T13:00:00.000Z" }); // prettier-ignore
  expect(await times("--until", "2026-07-01")).toEqual({ from: "2026-06-01T00:00:00.000Z", to: "2026-07-01T00:00:00.000Z" }); // prettier-ignore
  expect(cellsOf(await ok("usage"))).toEqual(cellsOf(await ok("usage", ...JULY)));
  expect(cellsOf(await ok("usage", "--marks"))).toEqual(cellsOf(await ok("usage", ...JULY, "--marks")));
  for (const name of ["revenue-by-day", "usage-by-instance-type"]) {
    expect(await json("report", name)).toEqual(await json("report", name, "--month", "2026-07"));
  }
  // A clock that stands on the edge of a month stands in the month that begins.
  const edge = await startServer(["--store", "memory:", "--clock", "manual:2026-08-01T00:00:00Z"]);
  onTestFinished(async () => void (await edge.stop()));
  const onEdge = commandsFor(() => edge);
  expect(await onEdge.json("usage")).toMatchObject({ from: "2026-08-01T00:00:00.000Z", to: "2026-08-01T01:00:00.000Z" }); // prettier-ignore
  expect(await onEdge.json("report", "lateness")).toMatchObject({ month: "2026-08" });
});

test("flags are called alike in all commands, and by the names that they had", async () => {
  const former = ["--from", "2026-07-01", "--to", "2026-08-01"];
  for (const command of [["usage"], ["records", "list"]]) {
    expect(await json(...command, ...former)).toEqual(await json(...command, ...JULY));
    expect(await ok(...command, "--help")).not.toContain("--to ");
    expect(await fails(2, ...command, "--from", "2026-07-01", "--to", "soon")).toContain(
      "'--to <time>' argument 'soon'",
    );
  }
  for (const command of [
    ["audit", "search"],
    ["request", "list"],
  ]) {
    const asked = ["--limit", "5", "--json"];
    const now = await ok(...command, "--operation", "BatchMeterUsage", ...asked);
    expect(await ok(...command, "--event", "BatchMeterUsage", ...asked)).toBe(now);
    expect(JSON.parse(now)).not.toEqual([]);
    expect(await ok(...command, "--help")).not.toContain("--event");
  }
  const report = ["report", "usage-by-instance-type", "--month", "2026-07"];
  const mine = await json(...report, "--account", "999999999999");
  expect(await json(...report, "--seller", "999999999999")).toEqual(mine);
  expect(mine).not.toEqual(await json(...report));
});

test("each report that is listed is a command of its own", async () => {
  const [, ...rows] = cellsOf(await ok("report", "list"));
  expect(rows).toHaveLength(7);
  for (const [name = ""] of rows) {
    const csv = await ok("report", name, "--month", "2026-07");
    expect(csv.split("\r\n")[0], name).toMatch(/^[A-Z][\w ',-]+,/);
    expect(await json("report", name, "--month", "2026-07")).toMatchObject({ month: "2026-07" });
  }
  expect(await ok("report", "revenue-by-day", "--month", "2026-07")).toContain("2026-07-20");
  expect(await fails(2, "report", "lateness", "--month", "2026-7")).toContain("must be a month since 1970");
});

/** Answers as a server does that has much to add up: how far it is, twice, and then the report. */
async function busyServer(): Promise<{ readonly url: string; readonly asked: () => number }> {
  let asked = 0;
  const busy: Server = createServer((_request, response) => {
    asked += 1;
    const progress = { done: asked * 100, of: 300 };
    const problem = { type: "about:blank", title: "Not available now", status: 503, detail: "Ask again.", progress };
    if (asked <= 2)
      response.writeHead(503, { "content-type": "application/problem+json" }).end(JSON.stringify(problem));
    else response.writeHead(200, { "content-type": "text/csv" }).end("Age\r\n");
  });
  await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void busy.close());
  const { port } = busy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/operator/v1`, asked: () => asked };
}

test("a command waits for a ledger that is being added up: quiet where nobody looks, with lines of JSON where asked for", async () => {
  const quiet = await busyServer();
  const report = ["report", "lateness", "--month", "2026-07", "--operator-token", "t", "--operator-url"];
  expect(await runCommand([...report, quiet.url])).toEqual({ code: 0, stdout: "Age\r\n", stderr: "" });
  expect(quiet.asked()).toBe(3);
  const told = await busyServer();
  const { stderr } = await runCommand([...report, told.url, "--json"], { COUNTINGHOUSE_PROGRESS_AFTER_MS: "0" });
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { doing: "waiting for the server", done: 0 },
    { doing: "adding up", done: 100, of: 300, unit: "entries", share: 0.33 },
    { doing: "adding up", done: 200, of: 300, unit: "entries", share: 0.66 },
  ]);
});
