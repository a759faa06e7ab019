// What every script of this workspace needs first: installed packages, and a Node that can run the sources. This file also runs
// on old versions of Node, so that it can report them.
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const NODE_NEEDED = 24;
const NODE_TO_INSTALL = 18;
const stamp = join(root, "node_modules", ".countinghouse-installed");

/** Installs the packages of package-lock.json, development dependencies included, where that has not been done yet. */
export async function ensureInstalled() {
  if (majorOf(process.versions.node) < NODE_TO_INSTALL) {
    fail(`Node ${process.versions.node} is too old to install Countinghouse: ${NODE_TO_INSTALL} or newer is needed.`);
  }
  const wanted = digest(readFileSync(join(root, "package-lock.json")));
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isInstalled()) return;
  await inTurn(async () => {
    if (!isInstalled()) await install(wanted);
  });
}

async function install(wanted) {
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

/** How often to look whether the other process has finished. */
const LOOK_MS = 250;

/**
 * One process of a workspace at a time: `npm ci` removes what another process is about to use. The lock lies beside `node_modules`,
 * because `npm ci` would remove it as well. The lock of a process that has ended is removed, by one process.
 */
export async function inTurn(work, lock = join(root, ".installing")) {
  for (let looks = 0; !isTaken(lock); looks += 1) {
    if (looks === 1) console.log(`Another process installs packages (if not, remove ${lock}*). Waiting …`);
    const held = readHeld(lock);
    if (held === undefined || (isLeftBehind(held) && removeLeft(lock, held))) continue;
    await new Promise((resume) => setTimeout(resume, LOOK_MS));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isTaken(lock) {
  return wasMade(lock, `${process.pid} ${randomUUID()}`);
}

/** Makes a file that was not there; of several processes, one does. */
function wasMade(file, content) {
  try {
    writeFileSync(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** What the lock's holder has written into it; undefined where nobody holds it any more. */
function readHeld(lock) {
  try {
    return readFileSync(lock, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isLeftBehind(held) {
  // The holder has made the file, and not yet written into it.
  if (held === "") return false;
  const pid = Number(held.split(" ", 1)[0]);
  try {
    // In a container, the killed process may have had this process's number.
    if (pid === process.pid) return true;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/**
 * Two processes may both have seen that the holder has ended. If each removed the lock, the second would remove the lock that the
 * first has taken meanwhile. So one of them claims this one lock, by what stands in it, and looks once more.
 */
function removeLeft(lock, held) {
  const claim = `${lock}.${digest(held).slice(0, 16)}`;
  if (!wasMade(claim, "")) return false;
  try {
    if (readHeld(lock) !== held) return false;
    rmSync(lock, { force: true });
    return true;
  } finally {
    rmSync(claim, { force: true });
  }
}

function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Installs what a folder's package.json lists, beside the workspace and without a lock file; its versions are exact. For large
 * packages that only one suite needs.
 */
export async function installBeside(folder, what) {
  const done = join(folder, "node_modules", ".countinghouse-installed");
  const wanted = readFileSync(join(folder, "package.json"), "utf8");
  if (existsSync(done) && readFileSync(done, "utf8") === wanted) return 0;
  console.log(`Installing ${what} …`);
  const npm = process.env.npm_execpath;
  const args = ["install", "--prefix", folder, "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await (npm !== undefined && npm.endsWith(".js")
    ? run(process.execPath, [npm, ...args])
    : run("npm", args));
  if (code === 0) writeFileSync(done, wanted);
  return code;
}

/** Installs missing packages of Debian. A package that cannot be installed is reported, and is no failure. */
export async function installDebian(names) {
  const missing = names.filter((name) => spawnSync("dpkg", ["--status", name], { stdio: "ignore" }).status !== 0);
  if (missing.length === 0) return;
  console.log(`Installing Debian's ${missing.join(", ")} …`);
  const quiet = { DEBIAN_FRONTEND: "noninteractive" };
  const code =
    (await run("apt-get", ["update", "-qq"], quiet)) ||
    (await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet));
  if (code !== 0) console.log("Debian's packages could not be installed.");
}

/** The machine's own Node where it is new enough, otherwise the pinned one. */
export function findNode() {
  if (majorOf(process.versions.node) >= NODE_NEEDED) return process.execPath;
  const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(pinned)) return pinned;
  fail(
    `Node ${NODE_NEEDED} or newer is needed; this is ${process.versions.node}, and the pinned one is not there. ` +
      "Install Node 24, or let npm run the install script of the package `node` and delete node_modules.",
  );
}

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program in the foreground; answers its exit code. Passes a signal on to the program and waits for its end, because it
 * may have something to finish.
 */
export function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
    const passOn = (signal) => child.kill(signal);
    const end = (code) => {
      for (const signal of PASSED_ON) process.off(signal, passOn);
      resolve(code);
    };
    for (const signal of PASSED_ON) process.on(signal, passOn);
    child.on("error", (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      end(1);
    });
    // As shells do: 128 plus the signal's number.
    child.on("exit", (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Node's compile cache: a thread or process that finds a source there need not strip its types. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "compile") };

/** Runs one of our TypeScript files from its source. */
export function runSource(file, args) {
  const flags = ["--disable-warning=ExperimentalWarning", "--conditions=@countinghouse/source"];
  return run(findNode(), [...flags, file, ...args], COMPILE_CACHE);
}

function majorOf(version) {
  return Number(version.split(".")[0]);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
