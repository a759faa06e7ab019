/** Puts the keys in place that RegisterUsage answers are signed with: the first one, and each that follows it. */
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

/** Version 1, unless there is a key by now: servers that start on one ledger at once agree on the first one's. */
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

/** The next version; the newest one so far has expired with that, and still verifies, and signs, what asks for it. */
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

/** What puts all keys in place again, where a ledger is emptied: containers in the field hold their public halves. */
export function keptRegistrationKeys(catalogue: CatalogueView): CatalogueChange[] {
  return registrationKeys(catalogue).map(put);
}

function put(value: RegistrationKey): CatalogueChange {
  return { kind: "registration-key", id: String(value.version), value };
}
