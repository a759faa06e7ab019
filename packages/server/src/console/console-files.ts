/**
 * The files of the console, as its build left them: each in up to three forms, read once and held in memory. They are a few
 * hundred kilobytes, and a server that has them open depends on no disk to show them.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface ConsoleFile {
  readonly type: string;
  /** Its name says what it holds, so that a browser may keep it for ever. */
  readonly isImmutable: boolean;
  readonly plain: Buffer;
  readonly gzip: Buffer | undefined;
  readonly brotli: Buffer | undefined;
}

/** By path below `/console/`, such as `index.html`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Where they lie: in a release beside this module; in a checkout where the console is built. A release never looks beside its
 * own folder: what lies there is other people's.
 */
export function consoleFolder(): string {
  const isSource = import.meta.url.endsWith(".ts");
  return fileURLToPath(new URL(isSource ? "../../../console/dist" : "./files", import.meta.url));
}

/** The files below a folder; none where it has not been built. Throws where they cannot be read. */
export function readConsoleFiles(folder: string): ConsoleFiles {
  const files = new Map<string, ConsoleFile>();
  if (!existsSync(join(folder, "index.html"))) return files;
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    files.set(path.replaceAll("\\", "/"), {
      type,
      isImmutable: /^assets[\\/]/.test(path),
      plain: readFileSync(join(folder, path)),
      gzip: readIfThere(join(folder, `${path}.gz`)),
      brotli: readIfThere(join(folder, `${path}.br`)),
    });
  }
  return files;
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
