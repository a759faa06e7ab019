// The JavaScript and the declarations of a library for release, in few files, as ES modules and as CommonJS: loading sixty
// small files takes longer than running them, and most sellers' programs are CommonJS still. Not minified: whoever steps
// into it should be able to read it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const FORMATS = [
  { format: "esm", script: "js" },
  { format: "cjs", script: "cjs" },
];

/** `AsyncDisposable` is newer than the library of types that programs usually have. */
const BANNER = '/// <reference lib="esnext.disposable" />';

/** `entries` have declarations; `platforms` are what `imports` of the package.json chooses among; `programs` are run. */
export async function bundle(folder, { entries, platforms = [], programs = [], keepsModules = false }) {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  const inputOf = (names) => Object.fromEntries(names.map((name) => [nameOf(name), join(folder, "src", `${name}.ts`)]));
  const options = {
    // Which platform it is, is decided where the package is loaded.
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
      // Of one file a bundler keeps what it cannot prove to be without effect; of modules it leaves out what is not used.
      ...(keepsModules && format === "esm" ? { preserveModules: true, preserveModulesRoot: join(folder, "src") } : {}),
      entryFileNames: `[name].${script}`,
      chunkFileNames: `shared/[name].${script}`,
      // What is loaded later is loaded as what it is.
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
