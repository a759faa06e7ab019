/** The key sets of issuers are held, and read again. Rule C7. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { KeySets } from "./key-sets.ts";

let folder: string;
let nowMs = 0;
let errors: Error[] = [];
let keySets: KeySets;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countinghouse-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  nowMs = 0;
  errors = [];
  keySets = new KeySets(
    () => nowMs,
    (error) => errors.push(error),
  );
});

async function key(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg: "ES256" };
}

const find = (kid: string): Promise<unknown> => {
  // A new object each time, as after the catalogue was read again.
  const finder = keySets.finderFor({ issuer: "https://issuer.example", jwksFile: join(folder, "jwks.json") });
  return Promise.resolve(finder({ alg: "ES256", kid }, { payload: "", signature: "" }));
};

test("a token that names an unknown key does not take good ones away, though they can no longer be read", async () => {
  writeFileSync(join(folder, "jwks.json"), JSON.stringify({ keys: [await key("one")] }));
  await find("one");
  rmSync(join(folder, "jwks.json"));
  nowMs = 5_000;
  await expect(find("nope")).rejects.toThrow();
  await expect(find("one")).resolves.toBeDefined();
  nowMs = 5_500;
  await expect(find("nope")).rejects.toThrow();
  expect(errors, "told of once a reading").toHaveLength(1);
  nowMs = 20_000;
  await expect(find("one"), "held no longer").rejects.toThrow();
});

test("a key that is new is found by a new reading, at most one a second", async () => {
  const one = await key("one");
  writeFileSync(join(folder, "jwks.json"), JSON.stringify({ keys: [one] }));
  await find("one");
  writeFileSync(join(folder, "jwks.json"), JSON.stringify({ keys: [one, await key("two")] }));
  nowMs = 999;
  await expect(find("two")).rejects.toThrow();
  nowMs = 1_000;
  await expect(find("two")).resolves.toBeDefined();
});
