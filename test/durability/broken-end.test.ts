/** A server whose store cannot be closed ends all the same: with a sentence, not with 0, and its token left in no file. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { newFolder, start } from "../support/scoped.ts";

/** Once the signal has come, SQLite cannot close a file: what a disk that is gone makes of it. */
const DISK_IS_GONE = `
import { DatabaseSync } from "node:sqlite";
process.once("SIGTERM", () => {
  DatabaseSync.prototype.close = () => {
    throw new Error("disk I/O error");
  };
});
`;

test("the run file is removed, the exit code is 1, and what was acknowledged is there at the next start", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const preloaded = join(folder, "disk.mjs");
  writeFileSync(preloaded, DISK_IS_GONE);
  const args = ["--store", `sqlite:${data}`];
  const server = await start(args, { NODE_OPTIONS: `--import=${pathToFileURL(preloaded).href}` });
  expect(readFileSync(join(data, "server.json"), "utf8")).toContain(server.operatorToken);
  expect((await server.operator("POST", "/accounts", { id: "999900001111" })).status).toBe(201);

  expect(await server.stop()).toBe(1);
  expect(existsSync(join(data, "server.json"))).toBe(false);
  expect(server.output()).toContain("countinghouse: The server did not end as it should: disk I/O error\n");
  expect(server.output()).not.toContain("unhandled");

  const next = await start(args);
  expect((await next.operator("GET", "/accounts/999900001111")).status).toBe(200);
  expect(await next.stop()).toBe(0);
});
