// npm run runtimes: installs, beside the workspace, the runtimes on which the client is tested, and what surrounds it in
// sellers' programs (test frameworks, tracing, old compilers): 560 MB and some 30 to 60 s. Nothing else needs it.
import { join } from "node:path";
import { installBeside, root } from "./workspace.mjs";

const tests = join(root, "test");
process.exitCode =
  (await installBeside(join(tests, "runtimes"), "Node 20, Node 22, Bun and Deno for the client's tests")) ||
  (await installBeside(join(tests, "adoption"), "Jest and others for the client's tests"));
