/**
 * Applies a catalogue file: only objects of which the file says something else than the last time are written, so
 * that what was changed through the operator API since then stays as it is.
 */
import { dirname } from "node:path";
import { Catalogue, type CatalogueChange, type CatalogueView } from "../domain/catalogue.ts";
import type { Sealer } from "../identity/seal.ts";
import { CatalogueFileError, parseCatalogueFile, type Locate } from "./catalogue-file.ts";
import { fileChanges, keepingState } from "./documents.ts";
import { referenceProblem, type References } from "./references.ts";
import type { CatalogueDocument } from "./schema.ts";

/** A catalogue file that has been read and is valid in itself. */
export interface CatalogueFile {
  readonly changes: readonly CatalogueChange[];
  readonly document: CatalogueDocument;
  readonly locate: Locate;
}

export function readCatalogueFile(text: string, fileName: string, sealer: Sealer): CatalogueFile {
  const { document, locate } = parseCatalogueFile(text, fileName);
  return { changes: fileChanges(document, sealer, dirname(fileName)), document, locate };
}

/**
 * The changes that are due, given what the ledger holds: what the file says of objects, and the removal of access keys that
 * it names no more. Throws CatalogueFileError for references that do not hold.
 */
export function dueChanges(file: CatalogueFile, held: CatalogueView): CatalogueChange[] {
  const due = file.changes
    .filter((change) => held.fileDigest(change.kind, change.id) !== change.fileDigest)
    .map((change) => keepingState(change, held));
  const problems: string[] = [];
  const seen = new Set<string>();
  const references = overlay(due, held);
  for (const change of file.changes) {
    const id = `${change.kind} ${change.id}`;
    if (seen.has(id)) problems.push(`${whereOf(change, file, [])}: ${id} is there twice`);
    seen.add(id);
  }
  for (const change of due) {
    const problem = referenceProblem(change, references, held);
    if (problem !== undefined) {
      problems.push(`${whereOf(change, file, problem.path)}: ${problem.path.join(".")}: ${problem.message}`);
    }
  }
  if (problems.length > 0) throw new CatalogueFileError(problems);
  return [...due, ...keysGone(file, due, held)];
}

/** What is kept of a file that names an object no more: whatever one says of it later is something else. */
const NOT_NAMED = "";

/**
 * An access key is a part of its user. Of the accounts in the file, keys go that a file named and this one does not; and where
 * the file rewrites an account, all keys of users whom it has no more, since a new user of that name must not get them.
 */
function keysGone(file: CatalogueFile, due: readonly CatalogueChange[], held: CatalogueView): CatalogueChange[] {
  const accounts = new Map(file.document.accounts.map((account) => [account.id, account]));
  const named = new Set(file.changes.filter(({ kind }) => kind === "access-key").map(({ id }) => id));
  const rewritten = new Set(due.filter(({ kind }) => kind === "account").map(({ id }) => id));
  return held.list("access-key").flatMap(({ accessKeyId: id, accountId, userName }): CatalogueChange[] => {
    const account = accounts.get(accountId);
    if (account === undefined || named.has(id)) return [];
    const ofFile = (held.fileDigest("access-key", id) ?? NOT_NAMED) !== NOT_NAMED;
    const ofNobody = rewritten.has(accountId) && !account.users.some(({ name }) => name === userName);
    if (!ofFile && !ofNobody) return [];
    return [{ kind: "access-key", id, value: undefined, ...(ofFile ? { fileDigest: NOT_NAMED } : {}) }];
  });
}

/** What the ledger holds, with changes on top. */
function overlay(changes: readonly CatalogueChange[], held: CatalogueView): References {
  const above = new Catalogue(changes);
  return {
    account: (id) => above.account(id) ?? held.account(id),
    accessKey: (id) => held.accessKey(id) ?? above.accessKey(id),
    issuer: (issuer) => above.issuer(issuer) ?? held.issuer(issuer),
    product: (code) => above.product(code) ?? held.product(code),
    agreementByLicense: (arn) => {
      const holder = held.agreementByLicense(arn);
      const stays = holder !== undefined && above.agreement(holder.agreementId) === undefined;
      return stays ? holder : above.agreementByLicense(arn);
    },
    agreementsOf: (code, customer) => [
      ...above.agreementsOf(code, customer),
      ...held.agreementsOf(code, customer).filter(({ agreementId }) => above.agreement(agreementId) === undefined),
    ],
  };
}

function whereOf(
  change: CatalogueChange,
  { document, locate }: CatalogueFile,
  path: readonly (string | number)[],
): string {
  const at = (list: string, index: number): string => locate([list, index, ...path]);
  switch (change.kind) {
    case "product":
      return at(
        "products",
        document.products.findLastIndex(({ productCode }) => productCode === change.id),
      );
    case "agreement":
      return at(
        "agreements",
        document.agreements.findLastIndex(({ agreementId }) => agreementId === change.id),
      );
    case "account":
      return at(
        "accounts",
        document.accounts.findLastIndex(({ id }) => id === change.id),
      );
    case "issuer":
      return at(
        "issuers",
        document.issuers.findLastIndex(({ issuer }) => issuer === change.id),
      );
    case "resource":
    case "registration-key":
      // No file names them.
      return "";
    case "access-key": {
      const account = document.accounts.findLastIndex(({ users }) =>
        users.some((user) => user.accessKeyId === change.id),
      );
      const users = document.accounts[account]?.users ?? [];
      return locate([
        "accounts",
        account,
        "users",
        users.findLastIndex((user) => user.accessKeyId === change.id),
        "accessKeyId",
      ]);
    }
  }
}
