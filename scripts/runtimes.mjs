// npm run runtimes: installs the runtimes that the client is tested on, beside the workspace: 530 MB and some 20 to 40 s,
// which nothing else needs. Without a lock file: the versions are exact, and so are those of what they bring.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./workspace.mjs";

const folder = join(root, "test", "runtimes");
const stamp = join(folder, "node_modules", ".countinghouse-installed");
const wanted = readFileSync(join(folder, "package.json"), "utf8");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  console.log("Installing Node 20, Node 22, Bun and Deno for the client's tests …");
  const npm = process.env.npm_execpath;
  const args = ["install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await (npm !== undefined && npm.endsWith(".js")
    ? run(process.execPath, [npm, ...args])
    : run("npm", args));
  if (code !== 0) process.exit(code);
  writeFileSync(stamp, wanted);
}
