/** What a package imports is what it declares: nothing that only happens to be installed, nothing that nobody needs. */
import { describe, expect, test } from "vitest";
import { CODE, filesIn, importsOf, isTestCode, packageOf, textOf } from "./sources.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(textOf(`${folder}/package.json`)) as Manifest;
const root = manifestOf(".");
const workspaces = (root.workspaces ?? []).map((folder) => ({ folder, manifest: manifestOf(folder) }));

function packagesOf(files: readonly string[]): string[] {
  const specifiers = files.flatMap(importsOf).filter((specifier) => !/^(\.|#|node:)/.test(specifier));
  return [...new Set(specifiers.map(packageOf))].toSorted();
}

const namesOf = (...groups: (Readonly<Record<string, string>> | undefined)[]): string[] =>
  groups.flatMap((group) => Object.keys(group ?? {}));

describe.each(workspaces)("the package in $folder", ({ folder, manifest }) => {
  const files = filesIn(`${folder}/src`, /\.tsx?$/);
  const shipped = files.filter((file) => !isTestCode(file));

  test("declares what it imports, and imports what it declares", () => {
    // Optional ones: somebody's own, which the package may name without importing it.
    const peers = namesOf(manifest.peerDependencies);
    const imported = packagesOf(shipped).filter((name) => !peers.includes(name));
    expect(imported).toEqual(namesOf(manifest.dependencies).toSorted());
  });

  test("is tested with what it, or the workspace, declares", () => {
    const declared = [manifest.name, ...namesOf(manifest.dependencies, manifest.devDependencies, root.devDependencies)];
    expect(packagesOf(files.filter(isTestCode)).filter((name) => !declared.includes(name))).toEqual([]);
  });

  test("has exact versions, and the version of the workspace", () => {
    expect(manifest.version).toBe(root.version);
    for (const version of Object.values(manifest.dependencies ?? {})) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

test("what lies beside the packages imports what the workspace declares, and its packages", () => {
  const declared = [...namesOf(root.dependencies, root.devDependencies), ...workspaces.map((one) => one.manifest.name)];
  const beside = CODE.filter((file) => !file.startsWith("packages/"));
  // These have packages that are installed apart from the workspace.
  const apart = ["test/sdks", "test/adoption"];
  for (const folder of apart) {
    const programs = beside.filter((file) => file.startsWith(`${folder}/programs/`));
    const own = namesOf(manifestOf(folder).dependencies);
    expect(programs.length, folder).toBeGreaterThan(0);
    expect(packagesOf(programs).filter((name) => ![...declared, ...own].includes(name))).toEqual([]);
  }
  const others = beside.filter((file) => !apart.some((folder) => file.startsWith(`${folder}/programs/`)));
  expect(packagesOf(others).filter((name) => !declared.includes(name))).toEqual([]);
});
