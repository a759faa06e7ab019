// node scripts/run.mjs FILE [ARGUMENT …]: runs a TypeScript file of this workspace, after installing what is missing.
import { ensureInstalled, runSource } from "./workspace.mjs";

const [file, ...args] = process.argv.slice(2);
await ensureInstalled();
process.exitCode = await runSource(file, args);
