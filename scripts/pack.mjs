// Runs before and after `npm pack` or `npm publish` of a package, and adds what a tarball needs beside the sources: the build,
// the workspace's licence, and a package.json that names no sources, because these are not in the tarball. Afterwards
// everything is as before.
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./workspace.mjs";

const SOURCE_CONDITION = "@countinghouse/source";
const [, , when, name] = process.argv;
const folder = join(root, "packages", name);
const manifest = join(folder, "package.json");
const kept = join(folder, ".package.json.kept");
const license = join(folder, "LICENSE");

// Also undoes a pack that was cut off.
if (existsSync(kept)) renameSync(kept, manifest);
rmSync(license, { force: true });
if (when === "before") {
  const code = await run(process.execPath, [join(root, "scripts", "build.mjs"), name]);
  if (code !== 0) process.exit(code);
  copyFileSync(manifest, kept);
  copyFileSync(join(root, "LICENSE"), license);
  writeFileSync(manifest, `${JSON.stringify(published(JSON.parse(readFileSync(manifest, "utf8"))), null, 2)}\n`);
}

function published({ scripts: _scripts, ...rest }) {
  return withoutSources(rest);
}

function withoutSources(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== SOURCE_CONDITION);
  return Object.fromEntries(entries.map(([key, member]) => [key, withoutSources(member)]));
}
