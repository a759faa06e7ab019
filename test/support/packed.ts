/** The packages as they are published: packed once for all suites of a run, from a copy of the sources without builds. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_MS_MAX = 180_000;
export const PACK_TIMEOUT_MS = 190_000;

/** What a clone of the repository does not have. */
const NOT_CLONED = new Set(["node_modules", "dist", ".git", "coverage", "countinghouse-data"]);

export interface Packed {
  readonly name: string;
  readonly tarball: string;
  readonly files: readonly string[];
}

/** By the name of the package. */
export async function packedPackages(): Promise<ReadonlyMap<string, Packed>> {
  const folder = join(tmpdir(), `countinghouse-packed-${process.ppid}`);
  const done = join(folder, "packed.json");
  try {
    mkdirSync(folder);
  } catch {
    const endMs = Date.now() + WAIT_MS_MAX;
    while (!existsSync(done)) {
      if (Date.now() > endMs) throw new Error("The packing that another suite began did not end.");
      await delay(50);
    }
    return read(done);
  }
  const clone = join(folder, "clone");
  cpSync(root, clone, { recursive: true, filter: (path) => path === root || !NOT_CLONED.has(basename(path)) });
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  const args = ["pack", "--workspaces", "--json", "--pack-destination", folder, "--foreground-scripts=false"];
  const output = execFileSync("npm", args, { cwd: clone, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const list = Object.values(JSON.parse(output) as Readonly<Record<string, NpmPacked>>);
  const packed = list.map(({ name, filename, files }) => ({
    name,
    tarball: join(folder, filename),
    files: files.map(({ path }) => path),
  }));
  writeFileSync(`${done}.new`, JSON.stringify(packed));
  cpSync(`${done}.new`, done);
  return read(done);
}

interface NpmPacked {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

function read(path: string): ReadonlyMap<string, Packed> {
  const list = JSON.parse(readFileSync(path, "utf8")) as readonly Packed[];
  return new Map(list.map((packed) => [packed.name, packed]));
}
