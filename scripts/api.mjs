// npm run api: writes packages/*/api/*.api.md, reports of everything that the packages' entry points promise, so that reviews
// show a changed public type. With --check, names the reports that differ from the sources.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { ensureInstalled, findNode, root, run } from "./workspace.mjs";

const SOURCE = "@countinghouse/source";
const check = process.argv.includes("--check");

await ensureInstalled();
const { Extractor, ExtractorConfig } = await import("@microsoft/api-extractor");
// Below the root, so that the imports of the declarations are found; files below node_modules are not analysed.
const declarations = join(root, "dist", "api");
rmSync(declarations, { recursive: true, force: true });
const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
// The console promises nothing to programs.
const packages = workspaces
  .map((folder) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    return { folder, name, out: join(declarations, folder), entries: entriesOf(exports) };
  })
  .filter(({ entries }) => entries.length > 0);
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
for (const { folder, out } of packages) {
  const project = join(root, folder, "tsconfig.build.json");
  const code = await run(findNode(), [tsc, "-p", project, "--emitDeclarationOnly", "--declarationMap", "false", "--outDir", out]); // prettier-ignore
  if (code !== 0) process.exit(code);
}
const stale = packages.flatMap((of) => of.entries.filter((entry) => !isReported(of, entry)).map(({ report }) => join(of.folder, "api", report))); // prettier-ignore
rmSync(declarations, { recursive: true, force: true });
if (check && stale.length > 0) {
  console.error(`What the packages promise has changed: ${stale.join(", ")}. Look at it, and run npm run api.`);
  process.exitCode = 1;
}

/** The entry points that have sources: `./operator` is reported as `operator.api.md`, and `.` as `index.api.md`. */
function entriesOf(exports) {
  return Object.entries(exports)
    .filter(([, conditions]) => typeof conditions === "object" && SOURCE in conditions)
    .map(([path, conditions]) => ({
      report: `${path === "." ? "index" : path.slice(2).replaceAll("/", "-")}.api.md`,
      declaration: relative("src", conditions[SOURCE]).replace(/\.ts$/, ".d.ts"),
    }));
}

/** Writes an entry point's report; with --check, only answers whether the report is up to date. */
function isReported({ folder, out }, { report, declaration }) {
  const reportFolder = join(root, folder, "api");
  const entry = join(out, declaration);
  mkdirSync(reportFolder, { recursive: true });
  const silent = { default: { logLevel: "none" } };
  const paths = Object.fromEntries(packages.map((of) => [of.name, [join(of.out, "index.d.ts")]]));
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    lib: ["es2024", "dom", "esnext.disposable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: ["node"],
    paths,
  };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: join(root, folder),
      mainEntryPointFilePath: entry,
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
      apiReport: {
        enabled: true,
        reportFolder,
        reportTempFolder: out,
        reportFileName: report,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: silent,
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    packageJsonFullPath: join(root, folder, "package.json"),
  });
  return !Extractor.invoke(config, { localBuild: !check, messageCallback: keepSilent }).apiReportChanged;
}

/** Stale reports are named once, all together, at the end. */
function keepSilent(message) {
  message.handled = true;
}
