/** The usage map: what was refused, or came again otherwise, is marked where its usage belongs, on the map and in its table. */
import { BatchMeterUsageCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
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

describe.skipIf(browser === undefined)("marks", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket({ now: NOW });
    return () => server.stop();
  });

  async function meter(record: Partial<UsageRecord>): Promise<void> {
    const client = officialClient(server.endpoint);
    const usage = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" };
    const UsageRecords = [{ ...usage, Quantity: 3, ...record }];
    await client
      .send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }))
      .catch(() => undefined);
    client.destroy();
  }

  test("say what of an hour was refused and what came twice, to whoever points, walks by keyboard, or reads the table", async () => {
    await meter({});
    await meter({ Quantity: 4 });
    // Nothing of this dimension was ever accepted: its row is there for its mark.
    await meter({ Dimension: "queries", Timestamp: new Date("2026-07-18T05:00:00Z") });
    const page = await openConsole(browser as Browser, server, "/usage?month=2026-07&grain=hour");
    const map = page.getByRole("application", { name: /Usage map/ });
    await map.waitFor();
    await map.focus();
    const said = async (key: string): Promise<string> => {
      await page.keyboard.press(key);
      return page.locator(".heat-said").innerText();
    };
    const where = "444455556666, gb_ingested, 2026-07-20 12:00";
    await expect.poll(() => said("Home")).toBe(`${where}: 3 units; 1 duplicate`);
    for (const name of ["Skipped", "Refused", "Duplicate", "Adjusted"]) {
      expect(await page.locator(".heat-key").innerText()).toContain(name);
    }
    await page.getByLabel("Columns").selectOption("day");
    await map.focus();
    await said("ArrowDown");
    await expect.poll(() => said("End")).toBe("444455556666, queries, 2026-07-18: nothing; 1 refused");

    await page.getByLabel("Shown as").selectOption("table");
    await page.getByRole("row", { name: /queries 2026-07-18 – 1 refused/ }).waitFor();
    await page.getByRole("row", { name: /gb_ingested 2026-07-20 3 1 duplicate/ }).waitFor();
  });

  test("are drawn: a marked cell has a corner that the others have not", async () => {
    const page = await openConsole(browser as Browser, server, "/usage?month=2026-07");
    await page.locator(".heat-row canvas").first().waitFor();
    // The bottom left corner of the 20th beside its middle, and the top right one of the 18th beside its own.
    const drawn = (): Promise<boolean[][]> =>
      page.evaluate(`[...document.querySelectorAll(".heat-row canvas")].map((canvas) => {
        const scale = canvas.width / (31 * 28);
        const at = (x, y) => canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data.join();
        return [[19, 1, 17], [17, 24, 2]].map(([day, x, y]) => at(day * 28 + x, y) !== at(day * 28 + 13, 10));
      })`);
    await expect.poll(drawn).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});
