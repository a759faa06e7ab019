/** Every page of the buyer's way in, held against axe-core: light and dark, narrow and wide, and never wider than the screen. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { DEMO } from "../support/server.ts";
import { BUY_PATH, openPage, setFulfilmentUrl } from "./market.ts";

const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const FULFILMENT_URL = `http://127.0.0.1:9/${"register".repeat(20)}`;
const WITHOUT_FULFILMENT_URL = "no-url";

const browser = await launchBrowser();
afterAll(() => browser?.close());

async function subscribe(page: Page, account?: string): Promise<void> {
  if (account !== undefined) await page.getByLabel("Subscribe as").selectOption(account);
  await page.getByRole("button", { name: "Subscribe" }).click();
}

const pages: readonly { heading: string; path: string; reach?: (page: Page) => Promise<void> }[] = [
  { heading: "Products", path: "/buy/" },
  { heading: "Acme Logs", path: BUY_PATH },
  { heading: "Already subscribed", path: BUY_PATH, reach: (page) => subscribe(page, "777788889999") },
  { heading: "On to the seller", path: BUY_PATH, reach: subscribe },
  { heading: "Subscribed", path: `/buy/${WITHOUT_FULFILMENT_URL}`, reach: subscribe },
  { heading: "An image", path: "/buy/image" },
];

describe.skipIf(browser === undefined)("accessibility", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket();
    const common = { seller: DEMO.seller, pricing: "usage" };
    for (const product of [
      { ...common, productCode: WITHOUT_FULFILMENT_URL, title: "Not yet launched", type: "saas" },
      { ...common, productCode: "image", title: `An image of a very long name, ${"w".repeat(120)}`, type: "ami" },
    ]) {
      expect((await server.operator("POST", "/products", product)).status).toBe(201);
    }
    await setFulfilmentUrl(server, FULFILMENT_URL);
  });
  afterAll(() => server.stop());

  describe.each([
    ["light", 360],
    ["light", 1280],
    ["dark", 360],
    ["dark", 1280],
  ] as const)("%s, %d pixels wide", (colorScheme, width) => {
    test.each(pages)("$heading", async ({ heading, path, reach }) => {
      const viewport = { width, height: 800 };
      const page = await openPage(browser as Browser, { colorScheme, viewport });
      // An answer without content leaves the browser on the page that hands over.
      await page.route(FULFILMENT_URL, (route) => route.fulfill({ status: 204 }));
      await page.goto(server.endpoint + path);
      await reach?.(page);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      const background = (await page.evaluate("getComputedStyle(document.body).backgroundColor")) as string;
      expect(background).toBe(colorScheme === "dark" ? "rgb(15, 18, 22)" : "rgb(244, 245, 247)");
    });
  });

  test("axe-core does find what is wrong", async () => {
    const page = await openPage(browser as Browser);
    await page.setContent('<html><body><input><p style="color:#ccc;background:#fff">faint</p></body></html>');
    expect((await violations(page)).map((one) => one.split(":", 1)[0])).toEqual(
      expect.arrayContaining(["label", "color-contrast", "html-has-lang"]),
    );
  });
});

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = (await page.evaluate("axe.run()")) as AxeResults;
  expect(results.passes.length).toBeGreaterThan(3);
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
