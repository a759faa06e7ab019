/**
 * Applies a catalogue file. Only objects of which the file says something else than the last time are written, so changes
 * through the operator API since then stay.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import { overlaid } from "../domain/changes/overlay.ts";
import { settledChanges } from "../domain/changes/settled-changes.ts";
import type { ProductProblem } from "../domain/catalogue/product-change.ts";
import type { Sealer } from "../identity/seal.ts";
import { CatalogueFileError, documentOf, type Locate } from "./catalogue-file.ts";
import { fileAgreementChange, fileAgreements, fileChanges, type FileAgreement } from "./documents.ts";
import { productChangeOver } from "./product-documents.ts";
import { referenceProblem, type ReferenceProblem } from "../domain/catalogue/references.ts";
import type { CatalogueDocument } from "./schema.ts";

/** A catalogue file that has been read and is valid by itself. */
export interface CatalogueFile {
  /** The changes of all objects but agreements, as for an empty ledger. */
  readonly changes: readonly CatalogueChange[];
  readonly agreements: readonly FileAgreement[];
  readonly document: CatalogueDocument;
  readonly locate: Locate;
}

/** `folder`: what paths in it are relative to. Throws CatalogueFileError for what does not fit the schema. */
export function catalogueFileOf(value: unknown, locate: Locate, folder: string, sealer: Sealer): CatalogueFile {
  const document = documentOf(value, locate);
  const changes = fileChanges(document, sealer, folder);
  return { changes, agreements: fileAgreements(document, sealer), document, locate };
}

/**
 * The changes to be made, given what the ledger holds and the service clock's time: objects of which the file says something
 * new, and the removal of access keys that the file no longer names. Throws CatalogueFileError for references to what does not
 * exist, for prices of hours that have begun, and for changes of names that usage was metered by.
 */
export function dueChanges(file: CatalogueFile, held: CatalogueView, nowMs: EpochMs): CatalogueChange[] {
  const isDue = ({ kind, id, fileDigest }: SaidObject): boolean => held.fileDigest(kind, id) !== fileDigest;
  const problems = [...namedTwice(file)];
  const said = [
    ...file.changes.filter(isDue).map((change) => {
      const made = change.kind === "product" ? productDue(change.id, file, held, nowMs) : change;
      if (!("message" in made)) return { ...made, fileDigest: change.fileDigest };
      problems.push(complaint(change, file, made));
      return change;
    }),
    ...file.agreements.filter(isDue).map((agreement) => fileAgreementChange(agreement, held, nowMs)),
  ];
  const { changes: due, problems: unsettled } = settledChanges(said, held, nowMs);
  const references = overlaid(due, held);
  for (const change of said) {
    const problem = referenceProblem(change, references, held);
    if (problem !== undefined) problems.push(complaint(change, file, problem));
  }
  for (const { change, problem } of unsettled) problems.push(complaint(change, file, problem));
  if (problems.length > 0) throw new CatalogueFileError(problems);
  return [...due, ...keysGone(file, due, held)];
}

function productDue(
  productCode: string,
  { document }: CatalogueFile,
  held: CatalogueView,
  nowMs: EpochMs,
): CatalogueChange | ProductProblem {
  const said = document.products.findLast((product) => product.productCode === productCode);
  if (said === undefined) throw new Error(`The file names no product ${productCode}.`);
  return productChangeOver(said, held.product(productCode), nowMs);
}

type SaidObject = Pick<CatalogueChange, "kind" | "id" | "fileDigest">;

function namedTwice(file: CatalogueFile): string[] {
  const seen = new Set<string>();
  return [...file.changes, ...file.agreements].flatMap((said: SaidObject) => {
    const id = `${said.kind} ${said.id}`;
    if (seen.has(id)) return [`${whereOf(said, file, [])}: ${id} is there twice`];
    seen.add(id);
    return [];
  });
}

function complaint(change: CatalogueChange, file: CatalogueFile, { path, message }: ReferenceProblem): string {
  return `${whereOf(change, file, path)}: ${path.join(".")}: ${message}`;
}

/**
 * Objects that this file names, and that another server's file has since set differently, as `product 0abc…`. Of two such
 * servers, the one that starts last sets them.
 */
export function setOtherwise(file: CatalogueFile, held: CatalogueView): string[] {
  return [...file.changes, ...file.agreements]
    .filter(({ kind, id, fileDigest }) => held.fileDigest(kind, id) !== fileDigest)
    .map(({ kind, id }) => `${kind} ${id}`);
}

/** The digest for an object that the file no longer names: any file that names it later differs from this. */
const NOT_NAMED = "";

/**
 * An access key is a part of its user. For accounts in the file, this removes keys that an earlier file named and this one does
 * not. Where the file rewrites an account, it removes all keys of users who are gone, so that a new user of the same name does
 * not get them.
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

function whereOf(change: SaidObject, { document, locate }: CatalogueFile, path: readonly (string | number)[]): string {
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
    case "registration-key":
    case "settings":
      // No catalogue file names objects of this kind.
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
