/** What is published: whole, small, and found by every way that programs and TypeScript look for it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, test } from "vitest";
import { PACK_TIMEOUT_MS, packedPackages, type Packed } from "../support/packed.ts";
import { newFolder } from "../support/scoped.ts";

const NAMES = ["@countinghouse/protocol", "@countinghouse/client", "@countinghouse/outbox", "countinghouse"] as const;
const LIBRARIES = NAMES.filter((name) => name.startsWith("@"));

let packages: ReadonlyMap<string, Packed>;
beforeAll(async () => {
  packages = await packedPackages();
}, PACK_TIMEOUT_MS);

function packed(name: string): Packed {
  const found = packages.get(name);
  if (found === undefined) throw new Error(`${name} was not packed.`);
  return found;
}

interface Manifest {
  readonly scripts?: unknown;
  readonly repository: { readonly url: string; readonly directory: string };
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
  readonly publishConfig: unknown;
}

/** The package as it is in its tarball. */
function unpacked(name: string): { readonly folder: string; readonly text: string; readonly manifest: Manifest } {
  const folder = newFolder();
  execFileSync("tar", ["-xzf", packed(name).tarball, "-C", folder]);
  const text = readFileSync(join(folder, "package/package.json"), "utf8");
  return { folder: join(folder, "package"), text, manifest: JSON.parse(text) as Manifest };
}

describe.each(NAMES)("the tarball of %s", (name) => {
  test("holds what is built, licence and README, and nothing else", () => {
    const { files } = packed(name);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
    expect(files.filter((file) => file.startsWith("dist/")).length).toBeGreaterThan(3);
    const others = files.filter(
      (file) =>
        !/^(dist\/|bin\/|testkit\/\w+\.cjs$|LICENSE$|README\.md$|package\.json$|catalogue\.schema\.json$)/.test(file),
    );
    expect(others).toEqual([]);
    expect(files.filter((file) => /\.map$|\.test\.|\.fixture\.|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test("says where it comes from, and leads to nothing that stays behind", () => {
    const { text, manifest } = unpacked(name);
    expect(manifest).toMatchObject({
      repository: { url: expect.stringMatching(/^git\+https:/) as string },
      engines: { node: expect.any(String) as string },
      publishConfig: { access: "public", provenance: true },
    });
    expect(manifest.keywords.length).toBeGreaterThan(2);
    expect(manifest.scripts).toBeUndefined();
    expect(text).not.toMatch(/\.\/src\/|@countinghouse\/source/);
  });

  test("publint has nothing to say", async () => {
    const { folder } = unpacked(name);
    const { messages, pkg } = await publint({ pkgDir: folder, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([]);
  });
});

test.each(LIBRARIES)("types of %s are right for node10, node16 from both sides, and bundlers", async (name) => {
  const tarball = new Uint8Array(readFileSync(packed(name).tarball));
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (analysis.types === false) throw new Error("There are no types.");
  expect(analysis.problems).toEqual([]);
  const entries = Object.keys(analysis.entrypoints).filter((entry) => !entry.endsWith("package.json"));
  for (const entry of entries) {
    const resolutions = analysis.entrypoints[entry]?.resolutions ?? ({} as never);
    expect(Object.keys(resolutions).toSorted(), entry).toEqual(["bundler", "node10", "node16-cjs", "node16-esm"]);
    for (const [kind, { resolution }] of Object.entries(resolutions)) {
      expect(resolution?.fileName, `${entry} ${kind}`).toMatch(
        kind === "node10" || kind === "node16-cjs" ? /\.d\.cts$/ : /\.d\.ts$/,
      );
    }
  }
});
