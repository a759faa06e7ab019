// Bundles a library's JavaScript and declarations for release into few files, as ES modules and as CommonJS: loading sixty
// small files takes longer than running them, and most sellers' programs still are CommonJS. It is not minified, so that it can
// be read in a debugger.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const FORMATS = [
  { format: "esm", script: "js" },
  { format: "cjs", script: "cjs" },
];

/** `AsyncDisposable` is newer than the type library that programs usually use. */
const BANNER = '/// <reference lib="esnext.disposable" />';

/**
 * `entries` have declarations; `platforms` are the files among which `imports` in package.json chooses; `programs` are what the
 * package's command runs.
 */
export async function bundle(folder, { entries, platforms = [], programs = [], keepsModules = false }) {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  const inputOf = (names) => Object.fromEntries(names.map((name) => [nameOf(name), join(folder, "src", `${name}.ts`)]));
  const options = {
    // The platform is chosen when the package is loaded.
    external: ["#platform", /^[@a-z]/],
    platform: "neutral",
    tsconfig: join(folder, "tsconfig.json"),
  };
  for (const { format, script } of FORMATS) {
    const code = await rolldown({
      ...options,
      input: inputOf([...entries, ...platforms, ...(format === "esm" ? programs : [])]),
    });
    await code.write({
      dir: dist,
      format,
      // Of a single file, a bundler keeps all code that might have an effect; of separate modules it leaves out unused ones.
      ...(keepsModules && format === "esm" ? { preserveModules: true, preserveModulesRoot: join(folder, "src") } : {}),
      entryFileNames: `[name].${script}`,
      chunkFileNames: `shared/[name].${script}`,
      // Modules that are loaded later stay ES modules or CommonJS.
      dynamicImportInCjs: false,
    });
    await code.close();
    const declarations = await rolldown({
      ...options,
      input: inputOf(entries),
      plugins: [dts({ emitDtsOnly: true, oxc: true, sourcemap: false, cwd: folder })],
    });
    await declarations.write({
      dir: dist,
      format: "esm",
      banner: BANNER,
      // The plugin makes `.d.ts` of `.js`, and `.d.cts` of `.cjs`.
      entryFileNames: `[name].${script}`,
      chunkFileNames: `shared/[name].${script}`,
    });
    await declarations.close();
  }
}

/** `batch/index` is the entry `batch`. */
function nameOf(file) {
  return file.replace(/\/index$/, "");
}
