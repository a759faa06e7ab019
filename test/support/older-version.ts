/**
 * The sources of an earlier version, which run beside the present ones. They come from the repository's own history, and use
 * the packages that are installed now. Where the history is missing (a shallow clone), tests are skipped with the reason.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { newFolder } from "./scoped.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OURS = "@countinghouse";
const PACKAGES = ["protocol", "client", "server"];

/** Undefined where the commit is there. */
export function whyNotVersion(commit: string): string | undefined {
  try {
    execFileSync("git", ["-C", ROOT, "cat-file", "-e", `${commit}^{commit}`], { stdio: "ignore" });
    return undefined;
  } catch {
    const reason = `commit ${commit} is not in the history that is here`;
    process.stdout.write(`skipped: ${relative("", expect.getState().testPath ?? "")}: ${reason}\n`);
    return reason;
  }
}

/** Puts the sources into a folder that ends with the test; answers the path of its command line. */
export function mainOfVersion(commit: string): string {
  const folder = newFolder();
  const archive = join(folder, "sources.tar");
  execFileSync("git", ["-C", ROOT, "archive", "--output", archive, commit, "packages", "package.json"]);
  execFileSync("tar", ["-xf", archive, "-C", folder]);
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, OURS), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== OURS) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of PACKAGES) symlinkSync(join(folder, "packages", name), join(modules, OURS, name));
  return join(folder, "packages", "server", "src", "main.ts");
}
