/** Every screen of the console, held against axe-core: light and dark, narrow and wide, and never wider than the screen. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { buildConsole, openConsole, settled, violations } from "./console.ts";

const STARTED_AT = "2026-07-10T06:20:00Z";
const LONG = "w".repeat(120);

await buildConsole();
const browser = await launchBrowser();
afterAll(() => browser?.close());

/** What a scheme of colours can change is contrast; all else is looked at once in each width. */
const VIEWS = [
  { colorScheme: "light", width: 1_280, rules: undefined },
  { colorScheme: "dark", width: 1_280, rules: ["color-contrast"] },
  { colorScheme: "light", width: 360, rules: ["color-contrast"] },
  { colorScheme: "dark", width: 360, rules: undefined },
] as const;

interface Screen {
  readonly path: string;
  /** What has to be open. */
  readonly reach?: (page: Page) => Promise<void>;
}

const press =
  (name: string | RegExp) =>
  (page: Page): Promise<void> =>
    page.getByRole("button", { name }).first().click();

const SCREENS: readonly Screen[] = [
  { path: "/activity" },
  { path: "/activity?outcome=partly&operation=none" },
  { path: "/activity?request=REFUSED" },
  { path: "/requests/DUPLICATE" },
  { path: "/requests/ADVISED" },
  { path: "/requests/UNSIGNED" },
  { path: "/usage" },
  { path: "/usage?view=table&grain=hour" },
  { path: "/usage?month=2020-01" },
  { path: "/revenue" },
  { path: "/reports?name=refusals-by-rule" },
  { path: "/reports?name=lateness" },
  { path: "/products" },
  { path: "/products", reach: press("Add a product") },
  { path: `/products/${DEMO.productCode}` },
  { path: "/products/not-there" },
  { path: "/agreements" },
  { path: "/agreements/agmt-demo4" },
  { path: "/agreements/agmt-demo2", reach: press("Cancel the agreement") },
  { path: "/customers" },
  { path: "/accounts" },
  { path: "/clock" },
  { path: "/faults" },
  { path: "/buyer" },
  { path: "/resources" },
  { path: "/resources/RESOURCE" },
  { path: "/audit" },
  { path: "/server" },
  { path: "/server", reach: press("Find") },
  { path: "/server", reach: press("View") },
  { path: "/no/such/screen" },
];

describe.skipIf(browser === undefined)("accessibility", () => {
  let server: DemoMarket;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    server = await demoMarket({ now: STARTED_AT });
    const product = { productCode: "long", title: `A title of great length, ${LONG}`, seller: DEMO.seller };
    await server.operator("POST", "/products", { ...product, type: "ami", pricing: "usage" });
    const fault = { operation: "MeterUsage", kind: "delay", delayMs: 5, match: { productCode: DEMO.productCode } };
    await server.operator("POST", "/faults", fault);
    const resource = { platform: "ecs", externalId: `arn:aws:ecs:us-east-1:444455556666:task/${LONG}` };
    const { body } = await server.operator("POST", "/resources", {
      ...resource,
      accountId: "444455556666",
      region: "us-east-1",
    });
    ids["RESOURCE"] = (body as { resourceId: string }).resourceId;
    ids["ACCEPTED"] = await meter({});
    ids["DUPLICATE"] = await meter({ Quantity: 4 });
    // A total that rises: of this, advice says something.
    ids["ADVISED"] = await meter({ Quantity: 5 });
    ids["REFUSED"] = await meter({ Timestamp: new Date("2026-07-08T00:00:00Z") });
    ids["UNSIGNED"] = await meter({}, "not-the-secret");
    return () => server.stop();
  });

  /** Answers the request's id. */
  async function meter(record: object, secretAccessKey: string = DEMO.secretAccessKey): Promise<string> {
    const client = officialClient(server.endpoint, { accessKeyId: DEMO.accessKeyId, secretAccessKey });
    const usage = {
      Timestamp: new Date(STARTED_AT),
      CustomerIdentifier: "demoCustomer1",
      Dimension: "gb_ingested",
      Quantity: 3,
    };
    const command = new BatchMeterUsageCommand({
      ProductCode: DEMO.productCode,
      UsageRecords: [{ ...usage, ...record }],
    });
    try {
      return (await client.send(command)).$metadata.requestId ?? "";
    } catch (error) {
      return (error as { $metadata: { requestId?: string } }).$metadata.requestId ?? "";
    }
  }

  test.each(
    SCREENS.map((screen, i) => ({
      name: screen.reach === undefined ? screen.path : `${screen.path} (${i})`,
      ...screen,
    })),
  )("$name", async ({ path, reach }) => {
    const address = path.replaceAll(/[A-Z]{6,}/g, (name) => ids[name] ?? name);
    const page = await openConsole(browser as Browser, server, address, { expected: /40[04]/ });
    await settled(page);
    await reach?.(page);
    for (const { colorScheme, width, rules } of VIEWS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      expect(await violations(page, rules), `${colorScheme}, ${width} pixels wide`).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth"), `${width}`).toBeLessThanOrEqual(width);
    }
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe("rgb(14, 16, 20)");
  });

  test("the way in, without a token", async () => {
    const page = await openConsole(browser as Browser, server, "/", { token: null });
    await settled(page);
    expect(await violations(page)).toEqual([]);
  });
});
