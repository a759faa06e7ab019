// What every script of this workspace needs first: its packages installed, and a Node that can run its sources.
// Runs on old versions of Node too, so that it can say so.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_NEEDED = 24;
const NODE_TO_INSTALL = 18;
const stamp = join(root, "node_modules", ".countinghouse-installed");

/** Installs what package-lock.json says where that has not been done yet, development dependencies included. */
export async function ensureInstalled() {
  if (majorOf(process.versions.node) < NODE_TO_INSTALL) {
    fail(`Node ${process.versions.node} is too old to install Countinghouse: ${NODE_TO_INSTALL} or newer is needed.`);
  }
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  console.log("Installing packages (only when something is missing) …");
  const ticker = setInterval(() => console.log(`  … still installing, ${seconds()} s`), 5000);
  // `npm ci` leaves out development dependencies in production; the pinned Node is one of them.
  const npm = process.env.npm_execpath;
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await (npm !== undefined && npm.endsWith(".js")
    ? run(process.execPath, [npm, ...args])
    : run("npm", args));
  clearInterval(ticker);
  if (code !== 0)
    fail("The packages could not be installed; what npm said stands above. Is the npm registry reachable?");
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  console.log(`Installed in ${seconds()} s.`);
}

/** The machine's own Node where it is new enough, else the pinned one. */
export function findNode() {
  if (majorOf(process.versions.node) >= NODE_NEEDED) return process.execPath;
  const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(pinned)) return pinned;
  fail(
    `Node ${NODE_NEEDED} or newer is needed; this is ${process.versions.node}, and the pinned one is not there. ` +
      "Install Node 24, or let npm run the install script of the package `node` and delete node_modules.",
  );
}

/** Runs a program in the foreground, with signals passed on; answers its exit code. */
export function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    child.on("error", (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

/** Runs one of our TypeScript files, straight from its source. */
export function runSource(file, args) {
  const flags = ["--disable-warning=ExperimentalWarning", "--conditions=@countinghouse/source"];
  return run(findNode(), [...flags, file, ...args], {
    NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compile"),
  });
}

function majorOf(version) {
  return Number(version.split(".")[0]);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
