/** Over a line that is slow, cut or silent, and through the end of a node, the console says what it knows, and misses nothing. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import type { Browser, Page } from "playwright-core";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { postgresArgs, whyNoPostgres } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { SlowLine } from "../support/slow-line.ts";
import { buildConsole, openConsole } from "./console.ts";

await buildConsole();
const browser = await launchBrowser();
afterAll(() => browser?.close());

const TROUBLE = /ERR_|Failed to load|network/i;
const GONE = "The server does not answer.";

async function lineTo(server: RunningServer): Promise<SlowLine> {
  const line = await SlowLine.to(server.endpoint);
  onTestFinished(() => line.close());
  return line;
}

const open = ({ endpoint }: SlowLine, { operatorToken }: RunningServer, path = "/activity"): Promise<Page> =>
  openConsole(browser as Browser, { endpoint, operatorToken }, path, { expected: TROUBLE });

/** A call with one record for each dimension, straight to a server. */
async function meter(server: RunningServer, dimensions: readonly string[]): Promise<void> {
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date(), CustomerIdentifier: "demoCustomer1", Quantity: 2 };
  for (const Dimension of dimensions) {
    const UsageRecords = [{ ...record, Dimension }];
    await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  }
  client.destroy();
}

const accepted = (page: Page): Promise<number> => page.getByRole("row", { name: /BatchMeterUsage/ }).count();

describe.skipIf(browser === undefined)("a line", () => {
  test("that is slow brings the page, and what happens, later", async () => {
    const server = await start(["--store", "memory:"]);
    const line = await lineTo(server);
    line.slow(96 * 1_024);
    const page = await open(line, server);
    await page.getByText("Live", { exact: true }).waitFor();
    await meter(server, ["gb_ingested"]);
    await expect.poll(() => accepted(page), { timeout: 45_000 }).toBe(1);
  });

  test("that is cut is told of; what happened meanwhile is shown once it is mended", async () => {
    const server = await start(["--store", "memory:"]);
    const line = await lineTo(server);
    const page = await open(line, server);
    await page.getByText("Live", { exact: true }).waitFor();
    await meter(server, ["gb_ingested"]);
    await expect.poll(() => accepted(page)).toBe(1);
    line.cut();
    await page.getByText(GONE).waitFor();
    await page.getByText("Connecting again", { exact: true }).waitFor();
    await meter(server, ["queries", "seats"]);
    line.mend();
    await page.getByText(GONE).waitFor({ state: "detached" });
    await page.getByText("Live", { exact: true }).waitFor();
    await expect.poll(() => accepted(page)).toBe(3);
    // Without a reload: a connection that is good goes on.
    await meter(server, ["gb_ingested"]);
    await expect.poll(() => accepted(page)).toBe(4);
  });

  test("that went silent is given up, and what happened meanwhile is shown over another connection", async () => {
    const server = await start(["--store", "memory:"]);
    const line = await lineTo(server);
    const page = await open(line, server);
    await page.getByText("Live", { exact: true }).waitFor();
    line.silence();
    await meter(server, ["gb_ingested", "queries"]);
    await expect.poll(() => accepted(page), { timeout: 120_000 }).toBe(2);
    await page.getByText("Live", { exact: true }).waitFor();
  }, 180_000);
});

describe.skipIf(browser === undefined || whyNoPostgres() !== undefined)("two nodes behind one address", () => {
  test("are one server: when one ends, the console goes on with the other, and misses nothing", async () => {
    const args = await postgresArgs(newFolder());
    const [one, other] = await Promise.all([startServer(args), startServer(args)]);
    onTestFinished(async () => {
      await Promise.all([one.kill(), other.kill()]);
    });
    const line = await lineTo(one);
    const page = await open(line, one);
    await page.getByText("Live", { exact: true }).waitFor();
    await meter(one, ["gb_ingested"]);
    await expect.poll(() => accepted(page)).toBe(1);
    await one.kill();
    // Before anybody is led to it.
    await meter(other, ["queries"]);
    line.leadTo(other.endpoint);
    await meter(other, ["seats"]);
    await expect.poll(() => accepted(page), { timeout: 60_000 }).toBe(3);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText(GONE).waitFor({ state: "detached" });
  }, 120_000);
});
