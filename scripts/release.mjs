// npm run release [-- --dry-run]: publishes the packages and tags the commit, if every condition of a release is met. With
// --dry-run nothing leaves the machine: each package is built and packed, and the other steps are only printed.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./workspace.mjs";

const dryRun = process.argv.includes("--dry-run");
const manifestOf = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
const git = (...args) =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

const workspace = manifestOf(".");
const { version } = workspace;
const tag = `v${version}`;
// A private package is part of another one, and is not published by itself.
const packages = inOrder(
  workspace.workspaces
    .map((folder) => ({ folder, manifest: manifestOf(folder) }))
    .filter(({ manifest }) => manifest.private !== true),
);

const problems = [
  ...versionProblems(),
  ...manifestProblems(),
  ...changelogProblems(),
  ...gitProblems(),
  ...identityProblems(),
  ...(dryRun ? [] : nameProblems()),
];
if (problems.length > 0) {
  console.error([`${tag} cannot be released:`, ...problems.map((problem) => `  ${problem}`)].join("\n"));
  process.exit(1);
}
console.log(`${tag}: ${packages.map(({ manifest }) => manifest.name).join(", then ")}${dryRun ? " (dry run)" : ""}`);
for (const { folder, manifest } of packages) {
  console.log(`\n${manifest.name} ${version}`);
  if (isPublished(manifest.name)) {
    console.log("It was published by an earlier run of this release.");
    continue;
  }
  // Access and provenance come from the manifest's publishConfig.
  const code = await run("npm", ["publish", `./${folder}`, "--loglevel=notice", ...(dryRun ? ["--dry-run"] : [])]);
  if (code !== 0) {
    console.error(
      `${manifest.name} was not published. The packages before it in the order were published. Run this again when the cause is mended.`,
    );
    process.exit(code);
  }
}
if (dryRun) {
  // Packing needs no name, so the rest of a release can be tried before there is one.
  for (const problem of nameProblems()) console.log(`\nA release would be refused: ${problem}.`);
  console.log(
    `\nNothing was published. A release would go on with: git tag --annotate ${tag}, and git push origin ${tag}`,
  );
} else {
  git("tag", "--annotate", tag, "--message", `Countinghouse ${version}`);
  console.log(`\nTagged ${tag}. What is left: git push origin ${tag}`);
}

/**
 * A name that the registry has is ours only where what was published last under it comes from this repository. Nobody could
 * publish under the others; and whoever followed our instructions would run a stranger's program.
 */
function nameProblems() {
  return packages.flatMap(({ folder, manifest: { name, repository } }) => {
    const taken = publishedAs(name);
    if (taken === undefined || plain(taken.url) === plain(repository?.url ?? "")) return [];
    return [`${folder}: the name ${name} is taken on the registry, by ${taken.url} (${name} ${taken.version})`];
  });
}

/** The address without the forms in which npm writes it. */
function plain(url) {
  return url.replace(/^git\+/, "").replace(/\.git$/, "");
}

/** What the registry has under a name; undefined where there is nothing, or the registry cannot be asked. */
function publishedAs(name) {
  try {
    const args = ["view", name, "version", "repository.url", "--json"];
    const text = execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const { version: taken, "repository.url": url = "a project that does not say where it is" } = JSON.parse(text);
    return { version: taken, url };
  } catch {
    return undefined;
  }
}

/** A registry takes a version only once, so a release that broke off goes on with the package that is missing. */
function isPublished(name) {
  try {
    const args = ["view", `${name}@${version}`, "version"];
    return (
      execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() !== ""
    );
  } catch {
    return false;
  }
}

/** Every package comes after the packages that it needs. */
function inOrder(list) {
  const names = list.map(({ manifest }) => manifest.name);
  const done = [];
  while (done.length < list.length) {
    const next = list.find(
      (one) =>
        !done.includes(one) &&
        Object.keys(one.manifest.dependencies ?? {}).every(
          (name) => !names.includes(name) || done.some(({ manifest }) => manifest.name === name),
        ),
    );
    if (next === undefined) throw new Error("The packages need each other in a circle.");
    done.push(next);
  }
  return done;
}

/** All packages have one version, and need each other in exactly that version. */
function versionProblems() {
  const names = packages.map(({ manifest }) => manifest.name);
  return packages.flatMap(({ folder, manifest }) => [
    ...(manifest.version === version ? [] : [`${folder} has version ${manifest.version}, the workspace ${version}`]),
    ...Object.entries(manifest.dependencies ?? {})
      .filter(([name, wanted]) => names.includes(name) && wanted !== version)
      .map(([name, wanted]) => `${folder} needs ${name} ${wanted}, which is released as ${version}`),
  ]);
}

function manifestProblems() {
  return packages.flatMap(({ folder, manifest }) => [
    ...(manifest.publishConfig?.access === "public" && manifest.publishConfig?.provenance === true
      ? []
      : [`${folder} is not published publicly, with provenance (publishConfig)`]),
    ...(manifest.repository?.directory === folder ? [] : [`${folder} does not say where it is in the repository`]),
    ...(existsSync(join(root, folder, "README.md")) ? [] : [`${folder} has no README.md`]),
  ]);
}

/** The changelog must have a section for the version, with its day; for a dry run, the day may be missing. */
function changelogProblems() {
  const [, when] =
    new RegExp(`^## ${version.replaceAll(".", "\\.")} \\((.+)\\)$`, "m").exec(
      readFileSync(join(root, "CHANGELOG.md"), "utf8"),
    ) ?? [];
  if (when === undefined) return [`CHANGELOG.md has no section "## ${version} (YYYY-MM-DD)"`];
  if (/^\d{4}-\d{2}-\d{2}$/.test(when) || (dryRun && when === "unreleased")) return [];
  return [`CHANGELOG.md says "${when}" of ${version}, where the day of the release should stand`];
}

function gitProblems() {
  const changed = git("status", "--porcelain");
  return [
    ...(changed === "" ? [] : [`there are changes that are not committed: ${changed.split("\n").length} files`]),
    ...(git("branch", "--show-current") === "main" ? [] : ["this is not the branch main"]),
    ...(git("tag", "--list", tag) === "" ? [] : [`the tag ${tag} is there already`]),
  ];
}

/** For provenance, npm needs the identity of the workflow that publishes. */
function identityProblems() {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, SIGSTORE_ID_TOKEN } = process.env;
  if (dryRun || ACTIONS_ID_TOKEN_REQUEST_URL !== undefined || SIGSTORE_ID_TOKEN !== undefined) return [];
  return ["provenance needs a workflow that may ask for its identity (GitHub: permissions: id-token: write)"];
}
