/** A market for the browser's suites: a server, the demo catalogue, and pages that complain of what a browser does. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { DEMO, type Served } from "../support/server.ts";

export const BUY_PATH: string = `/buy/${DEMO.productCode}`;

/** A page of a browser of its own. The test fails on errors in its console: refused scripts, styles, forms. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  return page;
}

export async function setFulfilmentUrl(server: Served, fulfilmentUrl: string | null): Promise<void> {
  const answer = await server.operator("PATCH", `/products/${DEMO.productCode}`, { fulfilmentUrl });
  expect(answer.status).toBe(200);
}

interface ShownAgreement {
  readonly agreementId: string;
  readonly customerAccountId: string;
  readonly customerIdentifier?: string;
  readonly licenseArn?: string;
  readonly freeTrial?: boolean;
}

/** The agreements that buyers have made: all but the demo's. */
export async function newAgreements(server: Served): Promise<ShownAgreement[]> {
  const { body } = await server.operator("GET", "/agreements?limit=1000");
  const { items } = body as { items: ShownAgreement[] };
  return items.filter(({ agreementId }) => !agreementId.startsWith("agmt-demo"));
}
