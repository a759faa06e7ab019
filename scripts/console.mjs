// node scripts/console.mjs [--if-changed]: builds the console into packages/console/dist, each file also as gzip and brotli, so that
// the server compresses nothing while it serves. With --if-changed only where its sources are not those of the last build.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { root } from "./workspace.mjs";

const folder = join(root, "packages", "console");
const dist = join(folder, "dist");
const stamp = join(dist, ".stamp");
const COMPRESSED = /\.(js|css|html|svg)$/;

/** Everything that the build reads: the console, the client of the operator API, this script, and which libraries there are. */
const SOURCES = [
  "packages/console/src",
  "packages/console/index.html",
  "packages/console/package.json",
  "packages/server/src/operator/client",
  "packages/server/src/operator/contract/values.ts",
  "scripts/console.mjs",
  "package-lock.json",
];

/** What is opened together is loaded together: a file for each small screen would be half as much again, compressed. */
const SCREENS = [
  { name: "reports", test: /console\/src\/screens\/(reports|revenue|usage)/ },
  { name: "requests", test: /console\/src\/screens\/request\// },
  { name: "activity", test: /console\/src\/screens\/activity\/(?!first-call)/ },
  { name: "parts", test: /console\/src\/(parts\/(table|add-dialog|month|colour|plot|download|prose)|api\/change)/ },
  { name: "screens", test: /console\/src\/(screens\/|parts\/schema-form)/ },
];

const wanted = hashOf(SOURCES);
const isForced = !process.argv.includes("--if-changed");
if (isForced) rmSync(stamp, { force: true });
if (!isBuiltAsWanted()) await build();

function isBuiltAsWanted() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

async function build() {
  const startedAt = Date.now();
  console.log("Building the console (only when its sources have changed) …");
  // Whoever runs tests says otherwise, and would get React's build for development.
  process.env.NODE_ENV = "production";
  const { build: viteBuild } = await import("vite");
  // Into a folder of its own first: two may build at once, and a build that fails leaves the last one in place.
  const building = mkdtempSync(join(folder, "dist-"));
  try {
    await viteBuild({
      configFile: false,
      root: folder,
      base: "/console/",
      logLevel: "warn",
      resolve: { conditions: ["@countinghouse/source", "module", "browser", "production"] },
      build: {
        outDir: building,
        emptyOutDir: true,
        target: "es2023",
        // One sheet, which is there before anything is drawn.
        cssCodeSplit: false,
        assetsInlineLimit: 0,
        // The polyfill is a script in the page, which the policy forbids, and which no browser of this target needs.
        modulePreload: { polyfill: false },
        manifest: true,
        // Libraries say "use client" of themselves, for servers that draw pages.
        rolldownOptions: {
          checks: { moduleLevelDirective: false },
          output: { codeSplitting: { includeDependenciesRecursively: false, groups: SCREENS } },
        },
      },
    });
    for (const path of readdirSync(building, { recursive: true, encoding: "utf8" })) {
      if (COMPRESSED.test(path)) compress(join(building, path));
    }
    writeFileSync(join(building, ".stamp"), wanted);
    if (isBuiltAsWanted()) {
      // Somebody else was quicker, and a server may be reading what they built.
      rmSync(building, { recursive: true, force: true });
      return;
    }
    // Moved away whole: whoever removes file by file may remove those of a build that has just come into their place.
    const before = `${building}-before`;
    try {
      renameSync(dist, before);
    } catch {
      // There was none, or somebody else moves it away.
    }
    renameSync(building, dist);
    rmSync(before, { recursive: true, force: true });
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    // Somebody else built the same meanwhile.
    if (isBuiltAsWanted()) return;
    throw error;
  }
  console.log(`Built the console in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}

function compress(path) {
  const plain = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } }),
  );
}

function hashOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((one) => filesBelow(join(root, one)))) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).toSorted();
  return names.flatMap((name) => filesBelow(join(path, name)));
}
