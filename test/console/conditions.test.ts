/** The console as people have set up their machines: colours of their own, large letters, huge screens, another language and time. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { newFolder } from "../support/scoped.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { until } from "../support/until.ts";
import { buildConsole, openConsole, settled, violations } from "./console.ts";

const NOW = "2026-07-10T20:20:00Z";
const PATHS = [
  "/activity",
  "/usage?month=2026-07",
  "/revenue?month=2026-07",
  "/agreements/agmt-demo1",
  "/accounts",
  "/server",
];

await buildConsole();
const browser = await launchBrowser();
afterAll(() => browser?.close());

describe.skipIf(browser === undefined)("with", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket({ now: NOW });
    const client = officialClient(server.endpoint);
    for (const Quantity of [2_500, 3]) {
      const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested" };
      const UsageRecords = [{ ...record, Quantity }];
      await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
    }
    client.destroy();
    return () => server.stop();
  });

  const open = (path: string, options = {}): Promise<Page> => openConsole(browser as Browser, server, path, options);

  async function each(page: Page, look: (path: string) => Promise<void>): Promise<void> {
    for (const path of PATHS) {
      await page.goto(`${server.endpoint}/console${path}`);
      await settled(page);
      await look(path);
    }
  }

  test("colours that the machine forces, what is chosen is outlined, and keys of colours keep them", async () => {
    const page = await open("/usage?month=2026-07", { forcedColors: "active" });
    await settled(page);
    const style = (selector: string, property: string, pseudo = ""): Promise<unknown> =>
      page.evaluate(
        `getComputedStyle(document.querySelector(${JSON.stringify(selector)}), ${JSON.stringify(pseudo)}).${property}`,
      );
    expect(await style(".side [aria-current=page]", "outlineStyle")).toBe("solid");
    await page.locator(".heat-key .refused").waitFor();
    const [refused, duplicate, canvas] = await Promise.all([
      style(".heat-key .refused", "backgroundColor", "::before"),
      style(".heat-key .duplicate", "backgroundColor", "::before"),
      style("body", "backgroundColor"),
    ]);
    expect(new Set([refused, duplicate, canvas]).size).toBe(3);
    await each(page, async (path) => {
      expect(await violations(page), path).toEqual([]);
    });
  });

  test.each([
    ["letters twice as large", { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ["a screen of 2,560 pixels", { viewport: { width: 2_560, height: 1_440 } }],
  ])("%s, nothing lies beside the screen, and all is accessible", async (_name, options) => {
    const page = await open("/activity", options);
    await each(page, async (path) => {
      expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBeLessThanOrEqual(
        options.viewport.width,
      );
      expect(await violations(page), path).toEqual([]);
    });
  });

  test("another language and another time, times are UTC until they are wanted otherwise; numbers are written one way", async () => {
    const page = await open("/usage?month=2026-07&view=table", { locale: "de-DE", timezoneId: "Asia/Kolkata" });
    await page.getByRole("row", { name: /gb_ingested 2026-07-10 2,500 1 duplicate/ }).waitFor();
    await page.goto(`${server.endpoint}/console/activity`);
    const time = page.getByRole("row", { name: /Accepted 1 record/ }).locator("time");
    expect(await time.innerText()).toBe("20:20:00");
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("radio", { name: "Local" }).check();
    // Five and a half hours on, which is the next day there, as it is now.
    await expect.poll(() => time.innerText()).toBe("01:50:00");
    await page.getByRole("radio", { name: "Relative" }).check();
    await expect.poll(() => time.innerText()).toBe("now");
  });
});

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("a console that cannot be built stops no server: it says so when it starts, and at /console/", async () => {
  const folder = newFolder();
  for (const path of ["scripts", "package.json", "package-lock.json"]) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const path of [
    "server/src",
    "server/package.json",
    "console/src",
    "console/index.html",
    "console/package.json",
  ]) {
    cpSync(join(ROOT, "packages", path), join(folder, "packages", path), { recursive: true });
  }
  writeFileSync(join(folder, "packages/console/src/main.tsx"), "import { nothing } from './not-there.ts'; nothing(");
  mkdirSync(join(folder, "data"));
  const ready = join(folder, "ready.json");
  const flags = ["--store", "memory:", "--port", "0", "--ready-file", ready];
  const started = spawn(process.execPath, ["scripts/run.mjs", "packages/server/src/main.ts", "serve", ...flags], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    started.kill();
  });
  let said = "";
  for (const stream of [started.stdout, started.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const endpointOf = (): string => (JSON.parse(readFileSync(ready, "utf8")) as { endpoint: string }).endpoint;
  await until(() => {
    try {
      return endpointOf() !== "";
    } catch {
      return false;
    }
  });
  expect(said).toContain("The console could not be built");
  expect(said).toContain("The server starts without it.");
  const page = await fetch(`${endpointOf()}/console/`);
  expect(await page.text()).toContain("The console has not been built.");
  const client = officialClient(endpointOf());
  const record = { Timestamp: new Date(), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 1 };
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
  expect((await client.send(command)).Results?.[0]?.Status).toBe("Success");
  client.destroy();
}, 120_000);
