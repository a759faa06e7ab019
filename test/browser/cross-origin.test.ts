/** A program in a page of another site, as an SDK in a browser is: it reads what came of its call. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { recordingSeller } from "../support/recording-seller.ts";
import { signed, wireRequest, type RawRequest } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";

const browser = await launchBrowser();
afterAll(() => browser?.close());

describe.skipIf(browser === undefined)("a page of another site", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket();
  });
  afterAll(() => server.stop());

  /** What the page's script sees of the answer. */
  async function seen(request: RawRequest): Promise<unknown> {
    // The browser writes the host itself.
    const { host: _, ...headers } = request.headers;
    const site = await recordingSeller(() => ({ body: "<title>A page</title>" }));
    const page = await (browser as Browser).newPage();
    await page.goto(`http://localhost:${site.port}/`);
    const init = JSON.stringify({ method: "POST", headers, body: request.body.toString() });
    const answer = await page.evaluate(`fetch(${JSON.stringify(server.endpoint)}, ${init}).then(async (response) => ({
      status: response.status,
      text: await response.text(),
      requestId: response.headers.get("x-amzn-requestid"),
      date: response.headers.get("date"),
    }), String)`);
    await page.close();
    return answer;
  }

  const record = {
    Timestamp: Math.floor(Date.now() / 1000),
    CustomerIdentifier: "demoCustomer1",
    Dimension: "seats",
    Quantity: 1,
  };

  test("reads the answer to a call, its request id, and the server's time", async () => {
    const input = { ProductCode: DEMO.productCode, UsageRecords: [record] };
    const answer = await seen(signed(wireRequest(server.endpoint, "BatchMeterUsage", input)));
    expect(answer).toEqual({
      status: 200,
      text: expect.stringContaining('"Status":"Success"') as string,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      date: expect.stringMatching(/GMT$/) as string,
    });
  });

  test.each([
    ["a refusal", 400, (request: RawRequest) => signed(request, { secretAccessKey: "wrong" })],
    ["that a body is too large", 413, (request: RawRequest) => ({ ...request, body: Buffer.alloc(1_048_576, "x") })],
  ])("reads %s (%d)", async (_what, status, alter) => {
    expect(await seen(alter(wireRequest(server.endpoint, "BatchMeterUsage", { UsageRecords: [] })))).toMatchObject({
      status,
    });
  });
});
