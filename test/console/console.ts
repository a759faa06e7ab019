/** The console in a real browser: built if its sources have changed, opened with a token, and listened to for what a browser complains of. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import type { Served } from "../support/server.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/console.mjs", import.meta.url));
const AXE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

export const DIST: string = fileURLToPath(new URL("../../packages/console/dist/", import.meta.url));

export async function buildConsole(): Promise<void> {
  await promisify(execFile)(process.execPath, [SCRIPT, "--if-changed"]);
}

interface OpenOptions extends BrowserContextOptions {
  /** Instead of the operator's; null for none. */
  readonly token?: string | null;
  /** Messages that a browser may write: a request that is refused is one. */
  readonly expected?: RegExp;
}

/** A page of a browser of its own, at a path below the console. The test fails on what the browser complains of: refused scripts, styles, errors. */
export async function openConsole(
  browser: Browser,
  server: Pick<Served, "endpoint" | "operatorToken">,
  path: string,
  { token = server.operatorToken, expected, ...options }: OpenOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && expected?.test(message.text()) !== true) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.exposeFunction("refusedByPolicy", (what: string) => complaints.push(what));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => refusedByPolicy(`${event.violatedDirective}: ${event.blockedURI}`));",
  );
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(`${server.endpoint}/console${path}${token === null ? "" : `#token=${token}`}`);
  return page;
}

/** Until the screen has what it asked for. */
export async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await expect.poll(() => page.locator(".loading:visible").count(), { timeout: 20_000 }).toBe(0);
}

/** Of all rules of axe-core, or of these. */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if ((await page.evaluate("'axe' in window")) !== true) await page.evaluate(AXE);
  const options = rules === undefined ? {} : { runOnly: { type: "rule", values: rules } };
  const results = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as AxeResults;
  expect(results.passes.length).toBeGreaterThan(rules === undefined ? 3 : 0);
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 300)).join(" ")}`);
}
