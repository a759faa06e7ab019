/** `serve --demo-data`: a month is played through the wire, with its mistakes; and where it may not be played it is not. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";

const PLAY_MS_MAX = 240_000;

interface RequestPage {
  readonly items: readonly { readonly code?: string }[];
  readonly nextCursor?: string;
}

test(
  "a month is there afterwards: usage of every customer, refusals with their rules, a chain that is whole",
  async () => {
    const folder = join(newFolder(), "demo");
    const server = await start(["--store", `sqlite:${folder}`, "--demo-data", "--no-console"]);
    await expect
      .poll(() => server.output(), { timeout: PLAY_MS_MAX, interval: 250 })
      .toContain("The month has been played.");

    const get = async <T>(path: string): Promise<T> => (await server.operator("GET", path)).body as T;
    const { now, mode } = await get<{ now: string; mode: string }>("/clock");
    expect(mode).toBe("offset");
    // It ends about where the day is.
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(2 * 86_400_000);

    const codes = new Set<string | undefined>();
    for (let cursor = ""; ;) {
      const page = await get<RequestPage>(`/requests?outcome=refused&limit=1000${cursor}`);
      for (const { code } of page.items) codes.add(code);
      if (page.nextCursor === undefined) break;
      cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    for (const code of [
      "TimestampOutOfBoundsException",
      "InvalidUsageDimensionException",
      "AccessDeniedException",
      "InvalidTokenException",
    ]) {
      expect(codes).toContain(code);
    }
    const records = await get<{ items: { customerIdentifier?: string }[]; nextCursor?: string }>(
      "/metering-records?limit=1000",
    );
    expect(records.nextCursor).toBeDefined();
    expect(new Set(records.items.map(({ customerIdentifier }) => customerIdentifier)).size).toBeGreaterThan(4);
    const { items: resources } = await get<{ items: { registrations: unknown[] }[] }>("/resources");
    expect(resources.map(({ registrations }) => registrations.length)).toEqual([1, 1, 1]);
    expect(await get("/audit-verification")).toMatchObject({ intact: true });

    await server.stop();
    const again = await runCommand(["serve", "--port", "0", "--store", `sqlite:${folder}`, "--demo-data"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining(`${folder} holds something`)]);
  },
  PLAY_MS_MAX + 30_000,
);

test.each([
  ["--store postgres://127.0.0.1/x", "not for PostgreSQL"],
  ["--catalog ./catalogue.yaml", "goes with the demo catalogue"],
  ["--no-lab --store memory:", "is for a lab"],
])("is refused with %s", async (flags, why) => {
  const { code, stderr } = await runCommand(["serve", "--port", "0", "--demo-data", ...flags.split(" ")]);
  expect(code).toBe(2);
  expect(stderr).toContain(why);
});

test("leaves a folder that holds anything as it is", async () => {
  const folder = join(newFolder(), "data");
  mkdirSync(folder);
  writeFileSync(join(folder, "somebody's.txt"), "theirs");
  const { code, stderr } = await runCommand(["serve", "--port", "0", "--demo-data", "--store", `sqlite:${folder}`]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("needs an empty folder of its own")]);
  expect(readdirSync(folder)).toEqual(["somebody's.txt"]);
  expect(existsSync("./countinghouse-demo")).toBe(false);
});
