/** What the clients weigh: packages and bytes installed, bytes when bundled and minified, time to load. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Installed {
  readonly packages: number;
  readonly bytes: number;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
}

/** A package and everything that it depends on, as a plain install brings them; of our own packages, the published files. */
export function installedOf(name: string): Installed {
  const folders = new Set<string>();
  collect(name, root, folders);
  let bytes = 0;
  for (const folder of folders)
    bytes += folder.startsWith(join(root, "packages")) ? publishedBytes(folder) : bytesIn(folder);
  return { packages: folders.size, bytes };
}

function collect(name: string, from: string, folders: Set<string>): void {
  const folder = folderOf(name, from);
  if (folders.has(folder)) return;
  folders.add(folder);
  for (const dependency of Object.keys(manifestOf(folder).dependencies ?? {})) collect(dependency, folder, folders);
}

/** Searches like Node: from the folder upwards. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return realpathSync(folder);
    if (at === dirname(at)) throw new Error(`${name} is not installed.`);
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function publishedBytes(folder: string): number {
  const { files = [] } = manifestOf(folder);
  return files.reduce((sum, file) => sum + bytesIn(join(folder, file)), statSync(join(folder, "package.json")).size);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.slice(folder.length).includes("node_modules"))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Bundled for Node and minified, as for a cloud function. */
export async function bundledOf(name: string): Promise<{ readonly bytes: number; readonly gzipped: number }> {
  const entry = `\0entry`;
  const bundle = await rolldown({
    input: entry,
    platform: "node",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? entry : undefined),
        load: (id) => (id === entry ? `export { MarketplaceMeteringClient } from ${JSON.stringify(name)};` : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const code = output.map((chunk) => ("code" in chunk ? chunk.code : "")).join("");
  return { bytes: Buffer.byteLength(code), gzipped: gzipSync(code).length };
}

/** Time, and processor time, of the first import in a new process, in milliseconds. */
export function coldImportOf(name: string): { readonly wallMs: number; readonly cpuMs: number } {
  const program = `const c = process.cpuUsage(), t = performance.now(); await import(${JSON.stringify(name)}); const d = process.cpuUsage(c); console.log(JSON.stringify({ wallMs: performance.now() - t, cpuMs: (d.user + d.system) / 1000 }))`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: root,
    encoding: "utf8",
  });
  return JSON.parse(output) as { wallMs: number; cpuMs: number };
}
