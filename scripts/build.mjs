// npm run build: emits dist/ of every package, with the files beside the sources that are not TypeScript.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, findNode, root, run } from "./workspace.mjs";

await ensureInstalled();
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
for (const name of ["protocol", "client", "server", "outbox"]) {
  const folder = join(root, "packages", name);
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const code = await run(findNode(), [tsc, "-p", join(folder, "tsconfig.build.json")]);
  if (code !== 0) process.exit(code);
}
const { bundleClient } = await import("./bundle-client.mjs");
await bundleClient(join(root, "packages", "client"));
const server = join(root, "packages", "server");
for (const asset of ["catalogue/demo.yaml", "stores/sqlite/migrations", "stores/postgres/migrations"]) {
  cpSync(join(server, "src", asset), join(server, "dist", asset), { recursive: true });
}
