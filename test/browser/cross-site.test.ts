/** Another site in the operator's browser can make it post to the buy page, and frame it: neither does anything. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openForm } from "../buy/form.ts";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { recordingSeller } from "../support/recording-seller.ts";
import { DEMO } from "../support/server.ts";
import { BUY_PATH, newAgreements } from "./market.ts";

const browser = await launchBrowser();
afterAll(() => browser?.close());

describe.skipIf(browser === undefined)("another site", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket();
  });
  afterAll(() => server.stop());

  test.each([
    ["a form without its hidden field", ""],
    ["a form whose hidden field it came by", "stolen"],
  ])("posts %s, and is refused", async (_what, field) => {
    const { form, newAccount } = await openForm(server, DEMO.productCode);
    const site = await recordingSeller(() => ({
      body: `<form method="post" action="${server.endpoint}${BUY_PATH}">
        <input name="form" value="${field === "stolen" ? form : ""}">
        <input name="account" value="${newAccount}"></form><script>document.forms[0].submit()</script>`,
    }));
    const page = await (browser as Browser).newPage();
    const answered = page.waitForResponse((response) => response.url() === server.endpoint + BUY_PATH);
    // Another name for the same address is another site.
    await page.goto(`http://localhost:${site.port}/`);
    expect((await answered).status()).toBe(403);
    await page.waitForURL(server.endpoint + BUY_PATH);
    expect(await page.getByRole("heading").innerText()).toBe("Not from here");
    expect(await newAgreements(server)).toEqual([]);
    await page.close();
  });

  test("cannot read the page, nor show it in a frame", async () => {
    const site = await recordingSeller(() => ({ body: `<iframe src="${server.endpoint}${BUY_PATH}"></iframe>` }));
    const page = await (browser as Browser).newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(`http://localhost:${site.port}/`);
    await expect.poll(() => complaints.join("\n")).toMatch(/frame-ancestors 'none'/);
    const read = await page.evaluate(`fetch(${JSON.stringify(server.endpoint + BUY_PATH)}).then(() => "read", String)`);
    expect(read).toBe("TypeError: Failed to fetch");
    await page.close();
  });
});
