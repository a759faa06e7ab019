// npm run mutants: changes the code of the pure rooms at random, in a copy, and reports which changes no test notices. First
// installs Stryker beside the workspace (60 MB), which nothing else needs.
import { join } from "node:path";
import { ensureInstalled, installBeside, root, runSource } from "./workspace.mjs";

await ensureInstalled();
const folder = join(root, "scripts", "mutants");
const code = await installBeside(folder, "Stryker");
process.exitCode = code === 0 ? await runSource(join(folder, "mutants.ts"), process.argv.slice(2)) : code;
