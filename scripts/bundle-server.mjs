// Bundles the server's JavaScript into few files: a start loads some four hundred modules of our own, and each of the store's threads
// loads seventy again. Finding, reading and linking so many files takes longer than running them. Other people's packages stay what
// they are, so that each is installed and updated by its own name.
import { dirname, join, posix, relative, sep } from "node:path";
import { rolldown } from "rolldown";

/** What is loaded by name: by the command, by package.json's `exports`, or as a thread. */
const ENTRIES = [
  "main",
  "operator/client/index",
  "testkit/index",
  "testkit/matchers/index",
  "stores/sqlite/maintenance/maintain-main",
  "stores/sqlite/sums/sums-main",
  "stores/sqlite/verification/verify-main",
  "stores/sqlite/writer/wal-checkpoint-main",
  "stores/sqlite/writer/writer-main",
];

/** Stands for the way from a bundle's file to `dist/`, which is known only once the file has its name. */
const TO_DIST = "@to-dist@";

/** `source` is the folder of the sources, `dist` that of the bundle. */
export async function bundleServer(source, dist) {
  const code = await rolldown({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(source, `${name}.ts`)])),
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith("/") && !id.startsWith("@countinghouse/"),
    resolve: { conditionNames: ["@countinghouse/source", "node", "import", "default"] },
    plugins: [placesOfModules(source)],
  });
  await code.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "shared/[name].js",
  });
  await code.close();
}

/** Modules find threads, migrations and other files beside themselves. In a bundle, `import.meta.url` is where they would be. */
function placesOfModules(source) {
  return {
    name: "places-of-modules",
    transform(text, id) {
      const path = relative(source, id).split(sep).join("/").replace(/\.ts$/, ".js");
      if (path.startsWith("..") || !text.includes("import.meta.url")) return null;
      return text.replaceAll("import.meta.url", `new URL("${TO_DIST}/${path}", import.meta.url).href`);
    },
    renderChunk(text, { fileName }) {
      return text.replaceAll(TO_DIST, posix.relative(dirname(fileName), ".") || ".");
    },
  };
}
