// npm run runtimes: installs the runtimes that the client is tested on, beside the workspace: 530 MB and some 20 to 40 s,
// which nothing else needs.
import { join } from "node:path";
import { installBeside, root } from "./workspace.mjs";

const runtimes = join(root, "test", "runtimes");
process.exitCode = await installBeside(runtimes, "Node 20, Node 22, Bun and Deno for the client's tests");
