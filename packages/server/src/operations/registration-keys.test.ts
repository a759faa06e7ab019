import { expect, test } from "vitest";
import type { RegistrationKey } from "../domain/catalogue/registration-key.ts";
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { newCall } from "../../testing/contract/works.ts";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import { putAll } from "../../testing/resource-calls.ts";
import {
  keptRegistrationKeys,
  putFirstRegistrationKey,
  registrationKeys,
  rotateRegistrationKey,
} from "./registration-keys.ts";

const key = (version: number): RegistrationKey => ({
  version,
  publicKey: `public ${version}`,
  sealedPrivateKey: `sealed ${version}`,
  createdAtMs: version,
});
const put = (version: number): CatalogueChange => ({
  kind: "registration-key",
  id: String(version),
  value: key(version),
});
/** The order in which a store lists them that sorts by text. */
const AS_TEXT = [1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9];

test("keys are listed and kept oldest first, in whatever order a store has them", () => {
  const catalogue = new Catalogue(AS_TEXT.map(put));
  const versions = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
  expect(registrationKeys(catalogue)).toEqual(versions.map(key));
  expect(keptRegistrationKeys(catalogue)).toEqual(versions.map(put));
});

test("a rotation follows the newest key, and says when that one expired", async () => {
  const store = await ledgerInMemory();
  const { ledger } = store;
  await putAll(ledger, AS_TEXT.map(put));
  const next = { publicKey: "public", sealedPrivateKey: "sealed" };
  const rotated = await rotateRegistrationKey(ledger, newCall(), next);
  expect(rotated).toEqual({ ...next, version: 12, createdAtMs: START_MS });
  expect(ledger.catalogue.registrationKey(11)).toEqual({ ...key(11), expiredAtMs: START_MS });
  expect(registrationKeys(ledger.catalogue).filter(({ expiredAtMs }) => expiredAtMs !== undefined)).toHaveLength(1);
  await store.remove();
});

test("the first key is the first one's, of those that begin at once; a ledger without any begins with version 1", async () => {
  const store = await ledgerInMemory();
  const { ledger } = store;
  await Promise.all(
    ["one", "another"].map((publicKey) =>
      putFirstRegistrationKey(ledger, newCall(), { publicKey, sealedPrivateKey: "sealed" }),
    ),
  );
  const first = { publicKey: "one", sealedPrivateKey: "sealed", version: 1, createdAtMs: START_MS };
  expect(registrationKeys(ledger.catalogue)).toEqual([first]);
  await store.remove();
  const other = await ledgerInMemory();
  const rotated = await rotateRegistrationKey(other.ledger, newCall(), { publicKey: "p", sealedPrivateKey: "s" });
  expect(rotated.version).toBe(1);
  expect(registrationKeys(other.ledger.catalogue)).toEqual([rotated]);
  await other.remove();
});
