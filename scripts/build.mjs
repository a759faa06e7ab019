// npm run build: emits dist/ of every package, or of the named ones, with the files beside the sources that are not TypeScript.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, findNode, root, run } from "./workspace.mjs";

await ensureInstalled();
const { bundle } = await import("./bundle.mjs");
const { libraries } = await import("./libraries.mjs");
/** Packages that are built file by file, as they lie there: they have data beside their modules, or threads that are files of their own. */
const ASSETS = {
  server: ["catalogue/demo.yaml", "stores/sqlite/migrations", "stores/postgres/migrations"],
};
const named = process.argv.slice(2);
for (const name of named.length === 0 ? [...Object.keys(libraries), ...Object.keys(ASSETS)] : named) {
  if (name in ASSETS) await buildFileByFile(name);
  else await bundle(join(root, "packages", name), libraries[name]);
}

<<<<<<< HEAD
async function buildFileByFile(name) {
  const folder = join(root, "packages", name);
=======
/** The server is built file by file, because it has data beside its modules, and threads in files of their own. */
async function buildServer() {
  const folder = join(root, "packages", "server");
>>>>>>> main
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const code = await run(findNode(), [tsc, "-p", join(folder, "tsconfig.build.json")]);
  if (code !== 0) process.exit(code);
  for (const asset of ASSETS[name]) {
    cpSync(join(folder, "src", asset), join(folder, "dist", asset), {
      recursive: true,
      // TypeScript files are compiled, not copied.
      filter: (path) => !path.endsWith(".ts"),
    });
  }
}
