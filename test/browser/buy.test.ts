/** The buyer's way in, walked in a real browser, up to the example seller's landing page and usage for the customer. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { startLandingPage, type LandingPage } from "../support/landing-page.ts";
import { recordingSeller } from "../support/recording-seller.ts";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { BUY_PATH, newAgreements, openPage, setFulfilmentUrl } from "./market.ts";

const browser = await launchBrowser();
afterAll(() => browser?.close());

const newPage = (options?: BrowserContextOptions): Promise<Page> => openPage(browser as Browser, options);

describe.skipIf(browser === undefined)("in a browser", () => {
  let server: RunningServer;
  let seller: LandingPage;

  beforeAll(async () => {
    server = await startServer(["--store", "memory:"]);
    seller = await startLandingPage(server.endpoint);
  });
  afterAll(async () => {
    seller.stop();
    await server.stop();
  });

  describe.each([
    ["with JavaScript", true],
    ["without JavaScript", false],
  ])("%s", (_how, javaScriptEnabled) => {
    test("a new buyer subscribes, the seller learns who it is, and can meter it", async () => {
      await setFulfilmentUrl(server, seller.url);
      const page = await newPage({ javaScriptEnabled });
      await page.goto(server.endpoint + BUY_PATH);
      expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Acme Logs");
      expect(await page.getByRole("table").innerText()).toMatch(/Gigabytes ingested\s+gb_ingested\s+USD 0.25 per GB/);
      const account = await page.getByLabel("Subscribe as").inputValue();
      expect(account).toMatch(/^[1-9]\d{11}$/);
      await page.getByRole("button", { name: "Subscribe" }).click();
      if (!javaScriptEnabled) await page.getByRole("button", { name: "Set up your account" }).click();

      await page.waitForURL(seller.url);
      const shown = await page.getByRole("table").innerText();
      const [agreement] = (await newAgreements(server)).filter((one) => one.customerAccountId === account);
      for (const text of [account, agreement?.customerIdentifier, DEMO.productCode, agreement?.licenseArn]) {
        expect(shown).toContain(text);
      }
      const client = officialClient(server.endpoint);
      const metered = await client.send(
        new BatchMeterUsageCommand({
          ProductCode: DEMO.productCode,
          UsageRecords: [
            {
              Timestamp: new Date(),
              CustomerIdentifier: agreement?.customerIdentifier,
              Dimension: "seats",
              Quantity: 2,
            },
          ],
        }),
      );
      client.destroy();
      expect(metered.Results?.map((result) => result.Status)).toEqual(["Success"]);
    });
  });

  test("a buyer of the catalogue subscribes with nothing but a keyboard", async () => {
    await setFulfilmentUrl(server, seller.url);
    await server.operator("POST", "/accounts", { id: "555566667777", title: "Keyboard buyer" });
    const page = await newPage();
    await page.goto(server.endpoint + BUY_PATH);
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.id || document.activeElement.name || document.activeElement.innerText");
    const press = async (key: string, reaches: string): Promise<void> => {
      await page.keyboard.press(key);
      expect((await focused()).replaceAll(/\s+/g, " ")).toBe(reaches);
    };
    await press("Tab", "Countinghouse lab");
    await press("Tab", "account");
    await page.keyboard.type("Keyboard");
    await press("Tab", "freeTrial");
    await page.keyboard.press("Space");
    await press("Tab", "Subscribe");
    await page.keyboard.press("Enter");
    await page.waitForURL(seller.url);
    const shown = await page.getByRole("table").innerText();
    expect(shown).toContain("555566667777");
    expect(shown).toMatch(/Free trial\s+yes/);
  });

  test("what the browser posts is what AWS Marketplace's would, and the token survives it", async () => {
    const recorder = await recordingSeller();
    const url = `http://127.0.0.1:${recorder.port}/register?plan=a&b=%2B`;
    await setFulfilmentUrl(server, url);
    const page = await newPage();
    await page.goto(server.endpoint + BUY_PATH);
    await page.getByLabel("Start with a free trial").check();
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.waitForURL(url);

    const [request] = recorder.received;
    expect(request?.method).toBe("POST");
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(request?.headers.referer).toBeUndefined();
    const fields = Object.fromEntries(new URLSearchParams(request?.body));
    expect(fields).toEqual({
      "x-amzn-marketplace-token": expect.stringMatching(/^(?=.*\+)(?=.*\/).*=$/) as string,
      "x-amzn-marketplace-offer-type": "free-trial",
      "x-amzn-marketplace-agreement-id": expect.stringMatching(/^agmt-[a-z0-9]{25}$/) as string,
      "x-amzn-marketplace-fulfillment-url": url,
    });
    const token = fields["x-amzn-marketplace-token"] as string;
    expect(request?.body).toContain(encodeURIComponent(token));
    expect(server.output()).not.toContain(token);
    expect(recorder.received.map((one) => one.url).join()).not.toContain(encodeURIComponent(token));
    const landed = await fetch(seller.url, { method: "POST", body: new URLSearchParams(fields) });
    expect(landed.status).toBe(200);
    expect(seller.output()).not.toContain(token);
  });

  test("a seller may send the buyer on to a site of another name", async () => {
    const recorder = await recordingSeller(({ url }) =>
      url === "/register"
        ? { status: 303, headers: { Location: `http://localhost:${recorder.port}/welcome` } }
        : { body: "<title>Welcome</title>" },
    );
    await setFulfilmentUrl(server, `http://127.0.0.1:${recorder.port}/register`);
    const page = await newPage();
    await page.goto(server.endpoint + BUY_PATH);
    await page.getByRole("button", { name: "Subscribe" }).click();
    await page.waitForURL(`http://localhost:${recorder.port}/welcome`);
    expect(await page.title()).toBe("Welcome");
  });

  describe("an account that has the product", () => {
    const [buyer, agreementId] = ["777788889999", "agmt-demo2"];
    const agreementsOf = async (): Promise<number> =>
      (await newAgreements(server)).filter((one) => one.customerAccountId === buyer).length;

    test("continues to the seller with a new token for its agreement", async () => {
      await setFulfilmentUrl(server, seller.url);
      const page = await newPage();
      await page.goto(server.endpoint + BUY_PATH);
      await page.getByLabel("Subscribe as").selectOption({ label: `Second buyer, account ${buyer} (subscribed)` });
      await page.getByRole("button", { name: "Subscribe" }).click();
      expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Already subscribed");
      expect(await page.getByRole("main").innerText()).toContain(agreementId);
      await page.getByRole("button", { name: "Continue to the seller" }).click();
      await page.waitForURL(seller.url);
      expect(await page.getByRole("table").innerText()).toContain("demoCustomer2");
      expect(await agreementsOf()).toBe(0);
    });

    test("subscribes again: a second agreement and licence, and the same customer", async () => {
      await setFulfilmentUrl(server, seller.url);
      const page = await newPage();
      await page.goto(server.endpoint + BUY_PATH);
      await page.getByLabel("Subscribe as").selectOption(buyer);
      await page.getByRole("button", { name: "Subscribe" }).click();
      await page.getByRole("button", { name: "Subscribe again" }).click();
      await page.waitForURL(seller.url);
      const [agreement] = (await newAgreements(server)).filter((one) => one.customerAccountId === buyer);
      const shown = await page.getByRole("table").innerText();
      expect(shown).toContain("demoCustomer2");
      expect(shown).toContain(agreement?.licenseArn);
    });
  });

  test("without a fulfilment URL the token is shown, and what is missing", async () => {
    await setFulfilmentUrl(server, null);
    const page = await newPage();
    await page.goto(server.endpoint + BUY_PATH);
    await page.getByRole("button", { name: "Subscribe" }).click();
    expect(await page.getByRole("main").innerText()).toContain("has no fulfilmentUrl");
    const token = await page.getByLabel("Registration token").inputValue();
    const landed = await fetch(seller.url, {
      method: "POST",
      body: new URLSearchParams({ "x-amzn-marketplace-token": token }),
    });
    expect(landed.status).toBe(200);
  });

  test("the list of products leads to each of them, and so does the page of one that is not there", async () => {
    await setFulfilmentUrl(server, seller.url);
    const page = await newPage();
    await page.goto(`${server.endpoint}/buy/`);
    await page.getByRole("link", { name: "Acme Traces" }).click();
    expect(await page.getByRole("heading", { level: 1 }).innerText()).toBe("Acme Traces");
    await page.getByRole("link", { name: "Countinghouse" }).click();
    await page.getByRole("link", { name: "Acme Logs" }).click();
    await page.waitForURL(server.endpoint + BUY_PATH);
  });

  test("names that are HTML are shown as they are", async () => {
    const bad = `"><script>document.title='x'</script><img src=x onerror=alert(1)>'&amp;`;
    await server.operator("POST", "/accounts", { id: "888800001111", title: `Seller ${bad}` });
    await server.operator("POST", "/accounts", { id: "888800002222", title: `Buyer ${bad}` });
    const added = await server.operator("POST", "/products", {
      productCode: "html/code",
      title: `Product ${bad}`,
      seller: "888800001111",
      type: "saas",
      pricing: "usage",
      fulfilmentUrl: `http://127.0.0.1:9/"><script>alert(1)</script>`,
      dimensions: [{ name: bad, description: bad, unit: bad, price: "1" }],
    });
    expect(added.status).toBe(201);
    const page = await newPage();
    await page.goto(`${server.endpoint}/buy/`);
    await page.getByRole("link", { name: `Product ${bad}` }).click();
    expect(await page.title()).toBe(`Product ${bad} – Countinghouse`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(`Product ${bad}`);
    expect(await page.getByRole("cell").allTextContents()).toEqual([`USD 1 per ${bad}`]);
    await page.getByLabel("Subscribe as").selectOption({ label: `Buyer ${bad}, account 888800002222` });
    expect(await page.locator("script, img").count()).toBe(0);
  });
});
