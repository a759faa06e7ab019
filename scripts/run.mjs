// node scripts/run.mjs FILE [ARGUMENT …]: runs a TypeScript file of this workspace, after installing what is missing.
import { join } from "node:path";
import { ensureInstalled, findNode, root, run, runSource } from "./workspace.mjs";

const [file, ...args] = process.argv.slice(2);
await ensureInstalled();
if (servesConsole()) await buildConsole();
process.exitCode = await runSource(file, args);

function servesConsole() {
  return file === "packages/server/src/main.ts" && args[0] === "serve" && !args.includes("--no-console");
}

/** A console that cannot be built is no reason not to serve: whoever opens it is told, and nobody else needs it. */
async function buildConsole() {
  const code = await run(findNode(), [join(root, "scripts", "console.mjs"), "--if-changed"]);
  if (code !== 0)
    console.error("The console could not be built; what went wrong stands above. The server starts without it.");
}
