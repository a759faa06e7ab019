// npm run runtimes: installs the runtimes that the client is tested on, and what sellers' programs have around it (test
// frameworks, tracing, old compilers), beside the workspace: 560 MB and some 30 to 60 s, which nothing else needs.
import { join } from "node:path";
import { installBeside, root } from "./workspace.mjs";

const tests = join(root, "test");
process.exitCode =
  (await installBeside(join(tests, "runtimes"), "Node 20, Node 22, Bun and Deno for the client's tests")) ||
  (await installBeside(join(tests, "adoption"), "Jest and others for the client's tests"));
