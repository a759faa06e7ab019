/** What people do in the console, in a real browser: see a first call, understand a refusal, move a clock, end an agreement, take a month home. */
import { readFileSync } from "node:fs";
import { BatchMeterUsageCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, startServer, type Served } from "../support/server.ts";
import { buildConsole, openConsole, settled } from "./console.ts";

const STARTED_AT = "2026-07-10T06:20:00Z";

await buildConsole();
const browser = await launchBrowser();
afterAll(() => browser?.close());

const open = (server: Served, path: string, options = {}): Promise<Page> =>
  openConsole(browser as Browser, server, path, options);

async function nowOf(server: Served): Promise<number> {
  const { body } = await server.operator("GET", "/clock");
  return Date.parse((body as { now: string }).now);
}

interface Metering {
  readonly record?: Partial<UsageRecord>;
  readonly secretAccessKey?: string;
}

/** One usage record, by the official client. Answers the error's name where it is refused. */
async function meter(
  server: Served,
  { record = {}, secretAccessKey = DEMO.secretAccessKey }: Metering = {},
): Promise<string> {
  const client = officialClient(server.endpoint, { accessKeyId: DEMO.accessKeyId, secretAccessKey });
  const usage = {
    Timestamp: new Date(await nowOf(server)),
    CustomerIdentifier: "demoCustomer1",
    Dimension: "gb_ingested",
    Quantity: 3,
  };
  const command = new BatchMeterUsageCommand({
    ProductCode: DEMO.productCode,
    UsageRecords: [{ ...usage, ...record }],
  });
  try {
    return (await client.send(command)).Results?.[0]?.Status ?? "nothing";
  } catch (error) {
    return (error as Error).name;
  }
}

describe.skipIf(browser === undefined)("the console", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket({ now: STARTED_AT });
    return () => server.stop();
  });

  test("the newcomer's minute: the call to make, the call seen, the refusal understood, and mended", async () => {
    const page = await open(server, "/");
    // The token is out of the address at once, and is not in what can be shared.
    await page.getByRole("heading", { name: "Activity" }).waitFor();
    expect(page.url()).toBe(`${server.endpoint}/console/activity`);
    const command = await page.getByRole("region", { name: "The first call" }).innerText();
    expect(command).toContain("aws meteringmarketplace batch-meter-usage --product-code 0abcdefghijklmnopqrstuvwx");
    await page.getByText("Live", { exact: true }).waitFor();

    expect(await meter(server)).toBe("Success");
    await page.getByRole("row", { name: /BatchMeterUsage.*Accepted 1 record/ }).waitFor();

    const late = new Date((await nowOf(server)) - 30 * 3_600_000);
    expect(await meter(server, { record: { Timestamp: late, Dimension: "seats" } })).toBe(
      "TimestampOutOfBoundsException",
    );
    const refused = page.getByRole("row", { name: /Refused TimestampOutOfBoundsException/ });
    await refused.getByText("it is older than 21600 s").waitFor();
    await refused.getByRole("link", { name: "BatchMeterUsage" }).click();

    const why = page.getByRole("region", { name: "Why" });
    await why.getByText("Rule W1.").waitFor();
    expect(await why.innerText()).toMatch(/age seconds\s+108,000/);
    await page.getByText("Send it again", { exact: true }).first().click();
    await page.getByRole("button", { name: "Used now, instead" }).click();
    await page.getByRole("button", { name: "Send it edited" }).click();
    await page.getByRole("link", { name: "What came of it" }).click();
    // The other request had the same heading, beside the activity.
    await page.getByLabel("Outcome").waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "BatchMeterUsage" }).waitFor();
    await page.getByText("Accepted", { exact: true }).waitFor();
  });

  test("a wrong secret is refused before anybody is believed; it is shown, with the steps of its signature", async () => {
    const page = await open(server, "/activity?outcome=refused");
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await meter(server, { secretAccessKey: "not-the-secret" })).toBe("InvalidSignatureException");
    await page
      .getByRole("row", { name: /InvalidSignatureException/ })
      .getByRole("link")
      .click();
    await page.getByText("Another secret access key was signed with").first().waitFor();
    const steps = page.getByRole("listitem").filter({ hasText: "string to sign" });
    expect(await steps.innerText()).toContain("AWS4-HMAC-SHA256");
    await page.getByText("On the wire", { exact: true }).click();
    const wire = page.getByRole("region", { name: "Request, headers and body" });
    expect(await wire.innerText()).toContain("x-amz-target: AWSMPMeteringService.BatchMeterUsage");
    expect(await wire.innerText()).not.toMatch(/Signature=[0-9a-f]{64}/);
    // What is open is an address: a reload keeps it, Esc closes it.
    const address = page.url();
    expect(address).toContain("request=");
    await page.reload();
    await page.getByText("Another secret access key was signed with").first().waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.url()).toBe(`${server.endpoint}/console/activity?outcome=refused`);
  });

  test("an agreement is cancelled, its final hour taken to its end, by the clock", async () => {
    const page = await open(server, "/agreements/agmt-demo2");
    await page.getByRole("button", { name: "Cancel the agreement" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the agreement" }).click();
    await page.locator(".page-head").getByText("cancelled", { exact: true }).waitFor();
    expect(await meter(server, { record: { CustomerIdentifier: "demoCustomer2", Dimension: "seats" } })).toBe(
      "Success",
    );
    await page.getByRole("cell", { name: "cancelled" }).waitFor();

    await page.goto(`${server.endpoint}/console/clock`);
    const before = await nowOf(server);
    await page.getByRole("button", { name: "To the end of agmt-demo2’s final hour" }).click();
    await page.getByText("Moved by 1 h 0 min").waitFor();
    expect((await nowOf(server)) - before).toBeGreaterThan(3_600_000 - 60_000);
    expect(await meter(server, { record: { CustomerIdentifier: "demoCustomer2", Dimension: "queries" } })).toBe(
      "CustomerNotSubscribed",
    );
  });

  test("a month is looked at as a map, as money and as a report, and taken home as CSV", async () => {
    const page = await open(server, "/usage?month=2026-07&grain=hour", { acceptDownloads: true });
    const map = page.getByRole("application", { name: /Usage map/ });
    await map.waitFor();
    await map.focus();
    // Its hours are asked for when they come into view.
    const said = async (): Promise<string> => {
      await page.keyboard.press("Home");
      return page.locator(".heat-said").innerText();
    };
    await expect.poll(said).toBe("444455556666, gb_ingested, 2026-07-10 06:00: 3 units");
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Metering records" }).getByRole("link").first().waitFor();
    expect(page.url()).toContain("at=2026-07-10T06");
    await page.getByLabel("Shown as").selectOption("table");
    await page.getByRole("button", { name: "Later days" }).click();
    await page.getByRole("row", { name: /444455556666 gb_ingested 2026-07-10 06:00 3/ }).waitFor();

    await page.goto(`${server.endpoint}/console/revenue?month=2026-07`);
    // Three gigabytes at 0.25, and two times three seats at 4.00.
    await expect.poll(() => page.locator(".main-figure dd").innerText()).toBe("$24.75");
    await page.locator(".plot canvas").waitFor();
    const downloaded = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const csv = readFileSync(await (await downloaded).path(), "utf8");
    expect(csv.split("\r\n", 1)[0]).toContain("Day,Product Code");
    expect(csv).toContain("2026-07-10");

    await page.goto(`${server.endpoint}/console/reports?name=refusals-by-rule&month=2026-07`);
    await page.getByRole("cell", { name: "W1" }).waitFor();
  });

  test("faults are put in force, are seen on every screen, and are all switched off", async () => {
    const page = await open(server, "/faults");
    await page.getByRole("button", { name: /Throttle the next 20/ }).click();
    await page.getByRole("link", { name: "2 faults in force" }).waitFor();
    expect(await meter(server, { record: { Dimension: "queries" } })).toBe("ThrottlingException");
    await expect
      .poll(() => page.getByRole("row", { name: /BatchMeterUsage throttle/ }).innerText())
      .toMatch(/\b[1-9]\b/);
    await page.getByRole("button", { name: "All off" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "All off" }).click();
    await page.getByText("Nothing goes wrong on demand", { exact: true }).waitFor();
    await page.getByRole("link", { name: "2 faults in force" }).waitFor({ state: "detached" });
  });

  test("an access key says when it was used last, and for what; the server's measures are told as texts, too", async () => {
    const page = await open(server, "/accounts");
    const key = page.getByRole("listitem").filter({ hasText: DEMO.accessKeyId });
    await key.getByRole("link", { name: "BatchMeterUsage" }).waitFor();
    expect(await key.innerText()).toMatch(/last used .*\d\d:\d\d:\d\d for BatchMeterUsage/);
    await page.goto(`${server.endpoint}/console/server`);
    const memory = page.locator(".measures > div").filter({ hasText: "Memory" });
    await expect.poll(() => memory.innerText()).toMatch(/Memory\s+[\d.]+ [MG]iB/);
  });

  test("hostile texts are texts: a title, a program's name, what is searched for, an address", async () => {
    const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const product = { productCode: "hostile", title: hostile, seller: DEMO.seller, type: "saas", pricing: "usage" };
    expect((await server.operator("POST", "/products", product)).status).toBe(201);
    await fetch(`${server.operatorUrl}/products/hostile`, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${server.operatorToken}`,
        "content-type": "application/json",
        "user-agent": hostile,
      },
      body: JSON.stringify({ title: `${hostile}!` }),
    });
    const page = await open(server, `/products?q=${encodeURIComponent(hostile)}`, { expected: /404/ });
    await page.getByRole("link", { name: `${hostile}!` }).click();
    await page.getByRole("heading", { name: `${hostile}!` }).waitFor();
    await page.goto(`${server.endpoint}/console/activity`);
    await page
      .locator("[data-row]")
      .filter({ hasText: /Product/ })
      .first()
      .getByRole("link")
      .click();
    await page.getByText(hostile).first().waitFor();
    for (const path of [
      `/requests/${encodeURIComponent(hostile)}`,
      `/reports?name=${encodeURIComponent(hostile)}&month=9999-99`,
      "/no/such/screen",
    ]) {
      await page.goto(`${server.endpoint}/console${path}`);
      await settled(page);
    }
    expect(await page.title()).toBe("Countinghouse");
    expect(await page.locator("main img, main script").count()).toBe(0);
  }, 60_000);

  test("everything is done by keyboard alone: find, go, filter, walk, open, close", async () => {
    const page = await open(server, "/");
    await page.getByRole("heading", { name: "Activity" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("acme lo");
    await page.getByRole("option", { name: /Acme Logs/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Acme Logs" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.getByRole("heading", { name: "Products" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("traces");
    await expect.poll(() => page.url()).toContain("q=traces");
    // Before the list is there, no row can be walked to.
    await page.getByRole("link", { name: "Acme Traces" }).waitFor();
    await page.getByRole("link", { name: "Acme Logs" }).waitFor({ state: "hidden" });
    await page.keyboard.press("Tab");
    await page.keyboard.press("j");
    await page.locator("a:focus", { hasText: "Acme Traces" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Acme Traces" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("colours: dark");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keys" }).waitFor({ state: "hidden" });
  });

  test("who has no token, or a wrong one, is told how to come by it; who logs out leaves nothing behind", async () => {
    const page = await open(server, "/products?q=logs", { token: null, expected: /401/ });
    await page.getByLabel("Token").fill("not-the-operators-token");
    await page.keyboard.press("Enter");
    await page.getByText("The server does not take this token").waitFor();
    await page.getByLabel("Token").fill(server.operatorToken);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("link", { name: "Acme Logs" }).waitFor();
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out").waitFor();
    expect(await page.evaluate("JSON.stringify(sessionStorage)")).not.toContain(server.operatorToken);
    await page.reload();
    await page.getByLabel("Token").waitFor();
  });

  test("two tabs are two readers: what is liked is shared, the token is each one's own", async () => {
    const page = await open(server, "/products");
    const other = await page.context().newPage();
    await other.goto(`${server.endpoint}/console/products`);
    await other.getByLabel("Token").waitFor();
    await other.goto(`${server.endpoint}/console/products#token=${server.operatorToken}`);
    await other.getByRole("link", { name: "Acme Logs" }).waitFor();
    await other.getByRole("button", { name: "View" }).click();
    await other.getByRole("radio", { name: "Dark" }).check();
    await expect.poll(() => page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
  });
});

describe.skipIf(browser === undefined)("a server that comes and goes", () => {
  test("is missed while it is gone, and read on from where the feed was when it is back", async () => {
    const token = "the-same-token-0123456789";
    const folder = newFolder();
    const args = ["--store", `sqlite:${folder}/data`, "--operator-token", token];
    const first = await start(args);
    const { port } = new URL(first.endpoint);
    const page = await open(first, "/activity", { expected: /ERR_|Failed to load|network/i });
    expect(await meter(first)).toBe("Success");
    await page.getByRole("row", { name: /Accepted/ }).waitFor();
    await first.stop();
    await page.getByText("The server does not answer.").waitFor();
    // What was seen last is still there.
    await page.getByRole("row", { name: /Accepted/ }).waitFor();
    const second = await startServer([...args, "--port", port]);
    try {
      await page.getByText("The server does not answer.").waitFor({ state: "detached" });
      expect(await meter(second, { record: { Dimension: "queries" } })).toBe("Success");
      await expect.poll(() => page.getByRole("row", { name: /Accepted/ }).count(), { timeout: 45_000 }).toBe(2);
    } finally {
      await second.kill();
    }
  });

  test("asks for the token again where it comes back with another one", async () => {
    const first = await start(["--store", "memory:"]);
    const { port } = new URL(first.endpoint);
    const page = await open(first, "/products", { expected: /ERR_|401|Failed to load|network/i });
    await page.getByRole("link", { name: "Acme Logs" }).waitFor();
    await first.stop();
    const second = await startServer(["--store", "memory:", "--port", port]);
    try {
      await page.getByText("The server does not take this token").waitFor();
    } finally {
      await second.kill();
    }
  });

  test("shows a reader's token what may be read: nothing of a lab, and no change", async () => {
    const server = await start(["--store", "memory:", "--viewer-token", "auditor:reader-token-0123456789"]);
    const page = await open(server, "/server", { token: "reader-token-0123456789" });
    await page.getByText("auditor (may read)").waitFor();
    const screens = page.getByRole("navigation", { name: "Screens" });
    await screens.getByRole("link", { name: "Audit" }).click();
    await page.getByRole("button", { name: "Verify the trail" }).click();
    await page.getByText(/All \d+ entries are as they were written/).waitFor();
    expect(await screens.getByRole("link", { name: /Clock|Faults|Buyer/ }).count()).toBe(0);
    for (const path of ["/products", "/agreements/agmt-demo1", "/accounts"]) {
      await page.goto(`${server.endpoint}/console${path}`);
      await settled(page);
      expect(
        await page
          .locator("main")
          .getByRole("button", { name: /Add|Cancel|Suspend|New|Delete|Set/ })
          .count(),
        path,
      ).toBe(0);
    }
  });
});
