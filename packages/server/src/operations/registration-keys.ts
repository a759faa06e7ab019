/** Puts the keys in place that sign RegisterUsage answers: the first one, and each later one. */
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { RegistrationKey } from "../domain/catalogue/registration-key.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { catalogueChanged } from "./change-catalogue.ts";

/** A key that has no version yet. */
type NewKey = Pick<RegistrationKey, "publicKey" | "sealedPrivateKey">;

/** Oldest first. */
export function registrationKeys(catalogue: CatalogueView): RegistrationKey[] {
  return catalogue.list("registration-key").toSorted((a, b) => a.version - b.version);
}

/** Puts version 1 in place, unless there is a key already: servers that start on one ledger at once get the same first key. */
export function putFirstRegistrationKey(ledger: Ledger, call: Call, key: NewKey): Promise<void> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue, nowMs }): Decision<undefined> => {
      const isFirst = registrationKeys(catalogue).length === 0;
      const changes = isFirst ? [put({ ...key, version: 1, createdAtMs: nowMs })] : [];
      return { event: catalogueChanged(changes), ...(isFirst ? { catalogue: changes } : {}), answer: undefined };
    },
  });
}

/** Puts the next version in place. The newest one so far then has expired; it still signs for callers that ask for it. */
export function rotateRegistrationKey(ledger: Ledger, call: Call, key: NewKey): Promise<RegistrationKey> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue, nowMs }): Decision<RegistrationKey> => {
      const newest = registrationKeys(catalogue).at(-1);
      const next = { ...key, version: (newest?.version ?? 0) + 1, createdAtMs: nowMs };
      const changes = [...(newest === undefined ? [] : [put({ ...newest, expiredAtMs: nowMs })]), put(next)];
      return { event: catalogueChanged(changes), catalogue: changes, answer: next };
    },
  });
}

/** The changes that put all keys back when a ledger is emptied: containers in the field hold their public halves. */
export function keptRegistrationKeys(catalogue: CatalogueView): CatalogueChange[] {
  return registrationKeys(catalogue).map(put);
}

function put(value: RegistrationKey): CatalogueChange {
  return { kind: "registration-key", id: String(value.version), value };
}
