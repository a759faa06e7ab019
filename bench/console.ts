/**
 * How the console keeps up: frames while calls come, and the usage map of a large month.
 *
 *   npm run bench:console -- [--calls 10000] [--seconds 60] [--customers 100] [--json FILE]
 *
 * Method. A server in a process of its own, in memory, and a browser that looks at it, without a screen. First the browser shows the
 * activity, while calls of one record each come at even times; each gap between two frames is noted, and how many calls the page
 * shows at the end. Then a month is metered: for each customer five dimensions in each hour. The map by hours is opened, and moved
 * from one end to the other, a window at a time; from each move, and from the opening, the time until the window's cells are drawn is
 * noted. Clients, server and browser share the processors.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { launchBrowser } from "../test/support/browser.ts";
import { DEMO, officialClient, startServer } from "../test/support/server.ts";
import { machineOf } from "./machine.ts";

const { values: flags } = parseArgs({
  options: {
    calls: { type: "string", default: "10000" },
    seconds: { type: "string", default: "60" },
    customers: { type: "string", default: "100" },
    json: { type: "string" },
  },
});
const HOUR_MS = 3_600_000;
const MONTH_MS = Date.parse("2026-07-01T00:00:00Z");
const HOURS = 744;
const DIMENSIONS = ["a", "b", "c", "d", "e"];
/** Usage is accepted for six hours. */
const STEP_HOURS = 6;
const RECORDS_PER_BATCH = 25;
const CALLERS = 8;
const PRODUCT = "console-bench";
/** In pixels, of the map by hours. */
const CELL_PX = 7;
const WINDOW_HOURS = 96;

const customers = Array.from({ length: Number(flags.customers) }, (_, i) => String(500_000_000_000 + i));

const BUILD = fileURLToPath(new URL("../scripts/console.mjs", import.meta.url));
execFileSync(process.execPath, [BUILD, "--if-changed"], { stdio: "inherit" });
const loadBefore = loadavg();
const browser = await launchBrowser();
if (browser === undefined) process.exit(1);
const server = await startServer(["--store", "memory:", "--clock", `manual:${new Date(MONTH_MS).toISOString()}`]);
const client = officialClient(server.endpoint);
try {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.goto(`${server.endpoint}/console/activity#token=${server.operatorToken}`);
  await page.getByText("Live", { exact: true }).waitFor();
  const feed = await whileCallsCome();
  await meterTheMonth();
  const map = await acrossTheMap();
  const machine = { ...machineOf(tmpdir()), loadBefore, loadAfter: loadavg() };
  const result = { machine, flags, feed, map };
  console.log(JSON.stringify(result, undefined, 2));
  if (flags.json !== undefined) writeFileSync(flags.json, JSON.stringify(result));

  async function whileCallsCome(): Promise<object> {
    await page.evaluate(`{
      window.gaps = [];
      let before = performance.now();
      const next = (now) => { gaps.push(now - before); before = now; requestAnimationFrame(next); };
      requestAnimationFrame((now) => { before = now; requestAnimationFrame(next); });
    }`);
    const calls = Number(flags.calls);
    const everyMs = (Number(flags.seconds) * 1_000) / calls;
    const startMs = performance.now();
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < calls; i += 1) {
      const waitMs = startMs + i * everyMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      const record = { Timestamp: new Date(MONTH_MS), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" };
      const UsageRecords = [{ ...record, Quantity: 1 + (i % 3) }];
      sent.push(client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords })));
    }
    await Promise.all(sent);
    const tookMs = performance.now() - startMs;
    const gaps = ((await page.evaluate("gaps")) as number[]).toSorted((a, b) => a - b);
    return {
      calls,
      callsAMinute: Math.round((calls / tookMs) * 60_000),
      frames: gaps.length,
      medianFrameMs: gaps[Math.floor(gaps.length / 2)],
      frameMs99: gaps[Math.floor(gaps.length * 0.99)],
      longestFrameMs: gaps.at(-1),
      framesOver50Ms: gaps.filter((gap) => gap > 50).length,
      framesOver200Ms: gaps.filter((gap) => gap > 200).length,
      rowsShown: await page.locator("[data-row]").count(),
    };
  }

  async function meterTheMonth(): Promise<void> {
    const dimensions = DIMENSIONS.map((name) => ({ name, description: name, unit: "Unit", price: "0.01" }));
    const product = { productCode: PRODUCT, title: "Bench", seller: DEMO.seller, type: "saas", pricing: "usage" };
    await made("/products", { ...product, dimensions });
    for (const [i, customerAccountId] of customers.entries()) {
      const names = { agreementId: `bench-${i}`, customerAccountId, customerIdentifier: `customer${i}` };
      await made("/accounts", { id: customerAccountId, title: `Customer ${i}` });
      await made("/agreements", { ...names, productCode: PRODUCT, startsAt: "2026-06-01T00:00:00Z" });
    }
    for (let from = 0; from < HOURS; from += STEP_HOURS) {
      const endMs = MONTH_MS + (from + STEP_HOURS) * HOUR_MS - 1_000;
      const { status } = await server.operator("PUT", "/clock", { now: new Date(endMs).toISOString() });
      if (status !== 200) throw new Error(`The clock did not move: ${status}.`);
      const records = Array.from({ length: STEP_HOURS }, (_, hour) =>
        customers.flatMap((_customer, i) =>
          DIMENSIONS.map((Dimension) => ({
            Timestamp: new Date(MONTH_MS + (from + hour) * HOUR_MS),
            CustomerIdentifier: `customer${i}`,
            Dimension,
            Quantity: 1 + ((i * 7 + hour * 13 + from) % 50),
          })),
        ),
      ).flat();
      const batches = Array.from({ length: Math.ceil(records.length / RECORDS_PER_BATCH) }, (_, i) =>
        records.slice(i * RECORDS_PER_BATCH, (i + 1) * RECORDS_PER_BATCH),
      );
      await Promise.all(
        Array.from({ length: CALLERS }, async (_, caller) => {
          for (let i = caller; i < batches.length; i += CALLERS) {
            const command = new BatchMeterUsageCommand({ ProductCode: PRODUCT, UsageRecords: batches[i] });
            const { Results = [] } = await client.send(command);
            if (Results.some(({ Status }) => Status !== "Success")) throw new Error("A record was not accepted.");
          }
        }),
      );
    }
  }

  async function made(path: string, document: object): Promise<void> {
    const { status, body } = await server.operator("POST", path, document);
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
  }

  async function acrossTheMap(): Promise<object> {
    const path = `/usage?month=2026-07&grain=hour&product=${PRODUCT}`;
    const openedMs = performance.now();
    await page.goto(`${server.endpoint}/console${path}`);
    await page.locator(".heat-row canvas").first().waitFor();
    await page.evaluate(drawn(0));
    const openMs = performance.now() - openedMs;
    const windowsMs: number[] = [];
    for (let hour = WINDOW_HOURS; hour < HOURS; hour += WINDOW_HOURS) {
      windowsMs.push((await page.evaluate(drawn(hour))) as number);
    }
    const sorted = windowsMs.toSorted((a, b) => a - b);
    return {
      rows: await page.locator(".heat-row").count(),
      records: customers.length * DIMENSIONS.length * HOURS,
      openMs: Math.round(openMs),
      windows: windowsMs.length,
      medianWindowMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
      longestWindowMs: Math.round(sorted.at(-1) ?? 0),
    };
  }
} finally {
  client.destroy();
  await server.kill();
  await browser.close();
}

/** Moves the map to an hour, and answers after how many milliseconds that hour of the first row is coloured. */
function drawn(hour: number): string {
  return `new Promise((resolve) => {
    const startMs = performance.now();
    const map = document.querySelector(".heat");
    map.scrollLeft = ${hour * CELL_PX};
    const look = () => {
      const canvas = document.querySelector(".heat-row canvas");
      const scale = canvas.width / (${HOURS} * ${CELL_PX});
      const [, , , alpha] = canvas.getContext("2d").getImageData(${hour * CELL_PX + 3} * scale, 10 * scale, 1, 1).data;
      if (alpha > 0) resolve(performance.now() - startMs);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  })`;
}
