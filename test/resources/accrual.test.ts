/** The running time of registered tasks, as a real server meters it and reports it. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { BUYER, BYOL, HOURLY, START_MS, meteredFolder } from "../support/metered-folder.ts";
import { meteringRecords, moveClock } from "../support/operator-api.ts";
import { seededRandom } from "../support/random.ts";
import { resourcesOf } from "../support/resources.ts";
import { start } from "../support/scoped.ts";
import type { RunningServer } from "../support/server.ts";

const HOUR_MS = 3_600_000;
const iso = (atMs: number): string => new Date(atMs).toISOString();
const startClock = (args: readonly string[]): readonly string[] => [...args.slice(0, -1), `manual:${iso(START_MS)}`];

interface Report {
  readonly asOf: string;
  readonly rows: readonly {
    readonly productCode: string;
    readonly usageUnits: string;
    readonly estimatedRevenue?: string;
    readonly seconds?: { readonly final: string; readonly adjustments: string; readonly provisional: string };
  }[];
}

async function report(server: RunningServer, month: string): Promise<Report> {
  const path = `/reports/usage-by-instance-type?month=${month}&format=json`;
  const { status, body } = await server.operator("GET", path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Report;
}

test("R3, R4, R6, Rules H1, H3, H4: what runs is metered hour by hour as the clock moves, and reported from the first second", async () => {
  const server = await start(startClock(await meteredFolder([{ name: "one", startedAtMs: START_MS }])));
  await moveClock(server, { advanceSeconds: 5_400.5 });
  expect(await meteringRecords(server)).toEqual([]);
  expect((await report(server, "2026-03")).rows).toEqual([
    expect.objectContaining({
      productCode: HOURLY,
      usageUnits: "1.5",
      estimatedRevenue: "0.54",
      seconds: { final: "0", adjustments: "0", provisional: "5400" },
    }) as object,
  ]);

  await moveClock(server, { now: iso(START_MS + 6.5 * HOUR_MS) });
  expect(await meteringRecords(server)).toEqual([
    expect.objectContaining({
      hour: iso(START_MS - HOUR_MS / 2),
      quantity: 1_800,
      accrued: true,
      customerAccountId: BUYER,
    }) as object,
  ]);
  const [resource] = await resourcesOf(server);
  expect(resource?.registrations).toMatchObject([{ productCode: HOURLY, accruedTo: iso(START_MS + HOUR_MS / 2) }]);

  const [record] = await meteringRecords(server);
  const explained = await server.operator("GET", `/requests/${record?.meteringRecordId}/explanation`);
  expect(explained.body).toMatchObject({
    event: "usage-accrued",
    details: { productCode: HOURLY, seconds: 1_800, resourceId: resource?.resourceId },
  });

  // It ended long ago, as is heard now: the hour that is final is adjusted, the others never were.
  const path = `/resources/${resource?.resourceId}/stop`;
  const stopped = await server.operator("POST", path, { stoppedAt: iso(START_MS + 20_000) });
  expect(stopped.body).toMatchObject({ live: false, stoppedAt: iso(START_MS + 20_000) });
  expect((await report(server, "2026-03")).rows).toMatchObject([
    { usageUnits: "0.01666667", seconds: { final: "1800", adjustments: "0", provisional: "-1740" } },
  ]);
  await moveClock(server, { advanceSeconds: 0 });
  expect((await meteringRecords(server)).map(({ quantity }) => quantity)).toEqual([1_800, -1_740]);
  expect((await report(server, "2026-03")).rows).toMatchObject([
    {
      usageUnits: "0.01666667",
      estimatedRevenue: "0.006",
      seconds: { final: "1800", adjustments: "-1740", provisional: "0" },
    },
  ]);
});

const rows = (of: Report): object[] =>
  of.rows.map(({ productCode, seconds: each, estimatedRevenue }) => ({ productCode, ...each, estimatedRevenue }));

test("R5, R7: ten pods are ten times the hours; a clock moved on by months is metered by months, free of double hours", async () => {
  const tasks = Array.from({ length: 10 }, (_, i) => ({
    name: `pod-${i}`,
    startedAtMs: START_MS,
    products: i === 0 ? [HOURLY, BYOL] : [HOURLY],
  }));
  const server = await start(startClock(await meteredFolder(tasks)));
  await moveClock(server, { now: "2026-04-10T00:00:00Z" });
  const march = (Date.UTC(2026, 3, 1) - START_MS) / 1000;
  const april = 9 * 86_400;
  expect(rows(await report(server, "2026-03"))).toEqual([
    {
      productCode: HOURLY,
      final: String(march * 10),
      adjustments: "0",
      provisional: "0",
      estimatedRevenue: String(march / 1_000),
    },
    { productCode: BYOL, final: String(march), adjustments: "0", provisional: "0", estimatedRevenue: "0" },
  ]);
  expect(rows(await report(server, "2026-04"))).toMatchObject([
    { productCode: HOURLY, final: String((april - 6 * 3_600) * 10), provisional: String(6 * 3_600 * 10) },
    { productCode: BYOL, final: String(april - 6 * 3_600), provisional: String(6 * 3_600) },
  ]);
});

test("R3, Rule H4: kill -9 at any moment around due work: no hour is missing, none is there twice", async () => {
  const random = seededRandom("accrual");
  const tasks = Array.from({ length: 40 }, (_, i) => ({ name: `t-${i}`, startedAtMs: START_MS + i * 1_000 }));
  const args = await meteredFolder(tasks);
  let nowMs = START_MS;
  let killed = 0;
  let server = await start(startClock(args));
  for (let round = 0; round < 8; round += 1) {
    nowMs += random.whole(10, 60) * HOUR_MS;
    const moved = server.operator("PUT", "/clock", { now: iso(nowMs) }).then(
      () => undefined,
      () => (killed += 1),
    );
    await delay(random.whole(0, 120));
    await server.kill();
    await moved;
    server = await start(args);
    const { now } = (await server.operator("GET", "/clock")).body as { now: string };
    nowMs = Math.max(Date.parse(now), nowMs);
  }
  await moveClock(server, { now: iso(nowMs) });
  const ranTo = Math.floor(nowMs / HOUR_MS - 6) * HOUR_MS;
  const expected = tasks.reduce((sum, { startedAtMs }) => sum + (ranTo - startedAtMs) / 1000, 0);
  expect(killed, "some moves were cut off").toBeGreaterThan(0);
  let total = 0;
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === undefined ? {} : { cursor }) }).toString();
    const { body } = await server.operator("GET", `/metering-records?${query}`);
    const page = body as { items: { quantity: number }[]; nextCursor?: string };
    total += page.items.reduce((sum, { quantity }) => sum + quantity, 0);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(total).toBe(expected);
}, 60_000);
