/** An empty project outside the workspace, with packages of this workspace installed from their tarballs. Programs run in it. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packedPackages } from "./packed.ts";
import { temporaryFolder } from "./server.ts";

const runtimes = fileURLToPath(new URL("../runtimes/node_modules", import.meta.url));

/** The oldest Node of each supported line, where `npm run runtimes` has installed it, and the Node that runs this. */
export const NODES: readonly { readonly name: string; readonly binary: string; readonly missing: boolean }[] = [
  ["Node 20.16", join(runtimes, "node20/bin/node")] as const,
  ["Node 22.3", join(runtimes, "node22/bin/node")] as const,
  [`Node ${process.versions.node}`, process.execPath] as const,
].map(([name, binary]) => ({ name, binary, missing: !existsSync(binary) }));

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

export interface EmptyProject {
  readonly folder: string;
  write(file: string, text: string): string;
  /** Runs a program with a Node and only these variables; answers what it printed. */
  run(binary: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  remove(): void;
}

/** `names` are installed with what they need of the others; foreign packages come from the registry. */
export async function emptyProject(names: readonly string[], manifest: object = {}): Promise<EmptyProject> {
  const packages = await packedPackages();
  const temporary = temporaryFolder();
  const folder = temporary.path;
  const write = (file: string, text: string): string => {
    const path = join(folder, file);
    writeFileSync(path, text);
    return path;
  };
  write("package.json", JSON.stringify({ name: "empty", private: true, ...manifest }));
  const tarballs = names.map((name) => packages.get(name)?.tarball ?? "");
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  execFileSync("npm", ["install", ...flags, ...tarballs], { cwd: folder, stdio: "pipe" });
  return {
    folder,
    write,
    remove: () => temporary.remove(),
    run: (binary, args, env = {}) => run(folder, binary, args, env),
  };
}

function run(
  folder: string,
  binary: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const { PATH = "" } = process.env;
  const surroundings = { PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: "true", ...env };
  return new Promise((resolve) => {
    const child = execFile(
      binary,
      args,
      { cwd: folder, env: surroundings, timeout: 55_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

/** A document's first block of code in a language. */
export function firstExampleOf(markdown: string, language: string): string {
  const [, code] = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m").exec(markdown) ?? [];
  if (code === undefined) throw new Error(`There is no ${language} in the document.`);
  return code;
}
