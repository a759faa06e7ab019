/** All platforms make the same signatures. */
import { homedir } from "node:os";
import * as fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { platform as node } from "./node.ts";
import type { Cryptography } from "./platform.ts";
import { platform as serverSide } from "./server-side.ts";
import { platform as web } from "./web.ts";

async function digests(cryptography: Cryptography, texts: [string, string, ...string[]]) {
  const key = await cryptography.hmacChain(texts);
  return [await cryptography.sha256Hex(texts[0]), await cryptography.hmacSha256Hex(key, texts[1])];
}

test("WebCrypto and Node's own cryptography agree, for any text", async () => {
  const text = fc.string({ unit: "grapheme" });
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1 }),
      text,
      fc.array(text, { maxLength: 3 }),
      async (first, second, rest) => {
        const texts: [string, string, ...string[]] = [first, second, ...rest];
        expect(await digests(web.cryptography, texts)).toEqual(await digests(node.cryptography, texts));
      },
    ),
  );
});

test("a runtime that is not known has no environment and no files; Bun and Deno have both", async () => {
  expect([
    web.surroundings.variable("PATH"),
    await web.surroundings.home(),
    await web.surroundings.readText("/etc/hosts"),
  ]).toEqual([undefined, undefined, undefined]);
  expect(serverSide.surroundings.variable("PATH")).toBe(process.env["PATH"]);
  expect(await serverSide.surroundings.readText("/no/such/file")).toBeUndefined();
});

test("a user has a home without a variable that says so, and an instance is told by no home", async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const { surroundings } of [node, serverSide]) {
    vi.stubEnv("HOME", "/home/told");
    expect(await surroundings.home()).toBe("/home/told");
    for (const name of ["HOME", "USERPROFILE"]) vi.stubEnv(name, undefined);
    expect(await surroundings.home()).toBe(homedir());
    vi.stubEnv("HOME", "");
    expect(await surroundings.home()).not.toBe("");
    expect(surroundings.mayBeInstance).toBe(true);
  }
  expect(web.surroundings.mayBeInstance).toBe(false);
});
