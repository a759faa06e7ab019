/** The outbox as it is published: its packages alone in a folder, and what they depend on. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, ensureBuilt } from "../support/built.ts";
import { newFolder } from "../support/scoped.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

test("it installs into an empty project, keeps a reading there, and its command runs", () => {
  const folder = newFolder();
  const modules = join(folder, "node_modules");
  for (const name of ["outbox", "client", "protocol"]) {
    const target = join(modules, "@countinghouse", name);
    mkdirSync(target, { recursive: true });
    for (const part of ["package.json", "dist", "bin"]) {
      const source = join(root, "packages", name, part);
      if (existsSync(source)) cpSync(source, join(target, part), { recursive: true });
    }
  }
  cpSync(join(root, "node_modules/commander"), join(modules, "commander"), { recursive: true });
  const program = `
    import { openOutbox } from "@countinghouse/outbox";
    import { sqliteStore } from "@countinghouse/outbox/sqlite";
    const outbox = await openOutbox({ name: "acme", store: sqliteStore("usage.outbox"), meters: { gb: { productCode: "p", dimension: "gb" } } });
    const [answer] = await outbox.record({ readingId: "1", tenant: "t", meter: "gb", quantity: "0.5", at: new Date() });
    console.log(answer.answer);
    await outbox.close();`;
  const run = (args: readonly string[]): string =>
    execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8", timeout: 20_000 }).trim();
  expect(run(["--input-type=module", "--eval", program])).toBe("recorded");
  const command = join(modules, "@countinghouse/outbox/bin/countinghouse-outbox.mjs");
  expect(run([command, "status", "--store", "sqlite:usage.outbox"])).toMatch(/acme: all is well/);
});
