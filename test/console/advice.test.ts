/** Advice beside the feed: a call that was answered well, and shows a mistake all the same, says so with the right way. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { buildConsole, openConsole } from "./console.ts";

const NOW = "2026-07-20T12:30:00Z";

await buildConsole();
const browser = await launchBrowser();
afterAll(() => browser?.close());

describe.skipIf(browser === undefined)("advice", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket({ now: NOW });
    return () => server.stop();
  });

  async function meter(quantity: number, timestamp: string): Promise<void> {
    const client = officialClient(server.endpoint);
    const record = { Timestamp: new Date(timestamp), CustomerIdentifier: "demoCustomer1", Dimension: "seats" };
    const command = new BatchMeterUsageCommand({
      ProductCode: DEMO.productCode,
      UsageRecords: [{ ...record, Quantity: quantity }],
    });
    await client.send(command).catch(() => undefined);
    client.destroy();
  }

  test("stands at the newest call that shows a mistake, names it at older ones, and is explained where one is opened", async () => {
    for (const quantity of [3, 5, 9]) await meter(quantity, "2026-07-20T12:00:00Z");
    await meter(1, "2026-07-01T00:00:00Z");
    const page = await openConsole(browser as Browser, server, "/activity");
    const title = "A running total is sent again and again.";
    const advised = page.getByRole("row", { name: `Advice ${title}` });
    await expect.poll(() => advised.count(), { timeout: 20_000 }).toBe(2);
    expect(await advised.nth(0).innerText()).toContain("Send an hour's total once, when the hour is over.");
    expect(await advised.nth(1).innerText()).not.toContain("Send an hour's total once");
    // The first total is right, and what was refused has said why.
    expect(await page.getByRole("row", { name: /Accepted 1 record/ }).innerText()).not.toContain("Advice");
    expect(await page.getByRole("row", { name: /TimestampOutOfBounds/ }).innerText()).not.toContain("Advice");

    await advised.nth(0).getByRole("link").click();
    const advice = page.getByRole("region", { name: "Advice" });
    await advice.getByText("what was used after it is never billed").waitFor();
    expect(await advice.innerText()).toContain("9 seats for 444455556666 in the hour 2026-07-20T12:00:00.000Z");
  });
});
