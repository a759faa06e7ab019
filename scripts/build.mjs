// npm run build: emits dist/ of every package, or of the named ones, with the files beside the sources that are not TypeScript.
import { cpSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { ensureInstalled, findNode, root, run } from "./workspace.mjs";

await ensureInstalled();
const { bundle } = await import("./bundle.mjs");
const { bundleServer } = await import("./bundle-server.mjs");
const { libraries } = await import("./libraries.mjs");
const named = process.argv.slice(2);
for (const name of named.length === 0 ? [...Object.keys(libraries), "server"] : named) {
  if (name === "server") await buildServer();
  else await bundle(join(root, "packages", name), libraries[name]);
}

/** The server has data beside its modules, and threads in files of their own. */
async function buildServer() {
  const folder = join(root, "packages", "server");
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const code = await run(findNode(), [tsc, "-p", join(folder, "tsconfig.build.json")]);
  if (code !== 0) process.exit(code);
  await bundleServer(join(folder, "src"), join(folder, "dist"));
  for (const asset of ["catalogue/demo.yaml", "stores/sqlite/migrations", "stores/postgres/migrations"]) {
    cpSync(join(folder, "src", asset), join(folder, "dist", asset), {
      recursive: true,
      // TypeScript files are compiled, not copied.
      filter: (path) => !path.endsWith(".ts"),
    });
  }
  await copyConsole(join(folder, "dist", "console", "files"));
}

/** The console, built, with what its build says of it for the tests left out. */
async function copyConsole(to) {
  const code = await run(findNode(), [join(root, "scripts", "console.mjs"), "--if-changed"]);
  if (code !== 0) process.exit(code);
  cpSync(join(root, "packages", "console", "dist"), to, {
    recursive: true,
    filter: (path) => !basename(path).startsWith("."),
  });
}
