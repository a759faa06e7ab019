/**
 * npm run screenshots: plays the demonstration's month on a server of its own, and makes the pictures of the console that the README
 * shows, in docs/console.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "../test/support/browser.ts";
import { startServer } from "../test/support/server.ts";

const FOLDER = fileURLToPath(new URL("../docs/console/", import.meta.url));
const PLAYED = "The month has been played.";
const PLAY_SECONDS_MAX = 300;

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly colorScheme: "light" | "dark";
  /** What has to be there before it is taken. */
  readonly waitFor: string;
}

/** Pages of requests with an outcome may be empty, though more follows. */
async function lateRequest(): Promise<string> {
  for (let cursor = ""; ;) {
    const { body } = await server.operator(
      "GET",
      `/requests?operation=BatchMeterUsage&outcome=refused&limit=1000${cursor}`,
    );
    const { items, nextCursor } = body as RequestPage;
    const late = items.find(({ code }) => code === "TimestampOutOfBoundsException");
    if (late !== undefined) return late.requestId;
    if (nextCursor === undefined) throw new Error("Nobody was late in this month.");
    cursor = `&cursor=${encodeURIComponent(nextCursor)}`;
  }
}

interface RequestPage {
  readonly items: readonly { readonly requestId: string; readonly code?: string }[];
  readonly nextCursor?: string;
}

execFileSync(process.execPath, [fileURLToPath(new URL("console.mjs", import.meta.url)), "--if-changed"], {
  stdio: "inherit",
});
mkdirSync(FOLDER, { recursive: true });
const browser = await launchBrowser();
if (browser === undefined) process.exit(1);
const server = await startServer(["--store", "memory:", "--demo-data"]);
try {
  for (let second = 0; !server.output().includes(PLAYED); second += 1) {
    if (second > PLAY_SECONDS_MAX) throw new Error(`The month was not played to its end:\n${server.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const late = await lateRequest();
  const month = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 7);
  const pictures: readonly Picture[] = [
    { name: "activity", path: `/activity?outcome=refused&request=${late}`, colorScheme: "light", waitFor: ".why" },
    { name: "usage", path: `/usage?month=${month}`, colorScheme: "light", waitFor: ".heat-row" },
    { name: "revenue", path: `/revenue?month=${month}`, colorScheme: "dark", waitFor: ".plot canvas" },
    { name: "agreement", path: "/agreements/agmt-meridian", colorScheme: "light", waitFor: ".life" },
  ];
  for (const { name, path, colorScheme, waitFor } of pictures) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1_280, height: 800 } });
    const page = await context.newPage();
    await page.goto(`${server.endpoint}/console${path}#token=${server.operatorToken}`);
    await page.locator(waitFor).first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await page.screenshot({ path: `${FOLDER}${name}.png` });
    await context.close();
    console.log(`docs/console/${name}.png`);
  }
} finally {
  await server.stop();
  await browser.close();
}
