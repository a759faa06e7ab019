/** From documents (YAML, operator API) to catalogue changes, and back to documents without their secrets. */
import { resolve } from "node:path";
import type { Account } from "../domain/catalogue/account.ts";
import type { EpochMs } from "@countinghouse/protocol";
import { statusOf, type Agreement, type AgreementState, type AgreementStatus } from "../domain/catalogue/agreement.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { Issuer } from "../domain/catalogue/issuer.ts";
import { replacedAgreement } from "../domain/changes/replacement.ts";
import { nextReplacementMs } from "../domain/changes/usage-hours.ts";
import { timeOf } from "../domain/written-values.ts";
import { sealSecret } from "../identity/access-keys.ts";
import type { Sealer } from "../identity/seal.ts";
import { productChange } from "./product-documents.ts";
import type { AccountDocument, AgreementDocument, CatalogueDocument, IssuerDocument } from "./schema.ts";

/** An account and the access keys that its users were given in the document. */
export function accountChanges(document: AccountDocument, sealer: Sealer): CatalogueChange[] {
  const account: Account = {
    id: document.id,
    title: document.title,
    users: document.users.map(({ name, policy }) => ({ name, policy })),
    roles: document.roles,
  };
  const keys = document.users.flatMap(({ name, accessKeyId, secretAccessKey }): CatalogueChange[] => {
    if (accessKeyId === undefined || secretAccessKey === undefined) return [];
    const sealedSecret = sealSecret(sealer, accessKeyId, secretAccessKey);
    const value = { accessKeyId, accountId: document.id, userName: name, sealedSecret };
    return [{ kind: "access-key", id: accessKeyId, value }];
  });
  return [{ kind: "account", id: account.id, value: account }, ...keys];
}

/**
 * The terms as the document says them. `held` is what stands there now: what has happened to it stays. A replacement that
 * says no start begins as soon as it can.
 */
export function agreementChange(
  document: AgreementDocument,
  held: Agreement | undefined,
  nowMs: EpochMs,
): CatalogueChange & { readonly kind: "agreement" } {
  const { startsAt, endsAt, entitlements, ...same } = document;
  const value: Agreement = {
    ...same,
    ...stateOf(held),
    startsAtMs: startsAt === undefined ? (held?.startsAtMs ?? nextReplacementMs(nowMs)) : timeOf(startsAt),
    endsAtMs: endsAt === undefined ? undefined : timeOf(endsAt),
    entitlements: entitlements.map(({ dimension, value: granted, expiresAt }) => ({
      dimension,
      value: granted,
      expiresAtMs: expiresAt === undefined ? undefined : timeOf(expiresAt),
    })),
  };
  return { kind: "agreement", id: document.agreementId, value };
}

/** Paths are relative to the folder of the file that says so. */
function issuerChange({ jwksFile, caFile, ...same }: IssuerDocument, folder: string): CatalogueChange {
  const value: Issuer = {
    ...same,
    ...(jwksFile === undefined ? {} : { jwksFile: resolve(folder, jwksFile) }),
    ...(caFile === undefined ? {} : { caFile: resolve(folder, caFile) }),
  };
  return { kind: "issuer", id: value.issuer, value };
}

/** Everything a catalogue document says but its agreements, each object with a digest of what the document says of it. */
export function fileChanges(document: CatalogueDocument, sealer: Sealer, folder: string): CatalogueChange[] {
  return [
    ...document.issuers.map((issuer) => issuerChange(issuer, folder)).map((change) => digested(change, change, sealer)),
    ...document.accounts.flatMap((account) => {
      const withoutKeys = { ...account, users: account.users.map(({ name, policy }) => ({ name, policy })) };
      return accountChanges(account, sealer).map((change) => {
        if (change.kind === "account") return digested(change, withoutKeys, sealer);
        const user = account.users.find(({ accessKeyId }) => accessKeyId === change.id);
        return digested(change, [account.id, user?.name, user?.accessKeyId, user?.secretAccessKey], sealer);
      });
    }),
    ...document.products.map((product) => digested(productChange(product), product, sealer)),
  ];
}

/** An agreement as a file says it. What that makes of it depends on what is held, and on when it is applied. */
export interface FileAgreement {
  readonly kind: "agreement";
  readonly id: string;
  readonly fileDigest: string;
  readonly said: AgreementDocument;
}

export function fileAgreements(document: CatalogueDocument, sealer: Sealer): FileAgreement[] {
  return document.agreements.map((said) => ({
    kind: "agreement",
    id: said.agreementId,
    fileDigest: digestOf(said, sealer),
    said,
  }));
}

/**
 * What a file's agreement changes. What the operator API did to it since is not undone, and an agreement that was replaced
 * ends by then, whatever the file says of its end.
 */
export function fileAgreementChange(
  { said, fileDigest }: FileAgreement,
  held: CatalogueView,
  nowMs: EpochMs,
): CatalogueChange {
  const before = held.agreement(said.agreementId);
  const change = agreementChange(said, before, nowMs);
  const successor = before?.replacedBy === undefined ? undefined : held.agreement(before.replacedBy);
  if (change.value === undefined || successor === undefined) return { ...change, fileDigest };
  return { ...change, value: replacedAgreement(change.value, successor), fileDigest };
}

function digested(change: CatalogueChange, said: unknown, sealer: Sealer): CatalogueChange {
  return { ...change, fileDigest: digestOf(said, sealer) };
}

function digestOf(said: unknown, sealer: Sealer): string {
  return sealer.fingerprint(JSON.stringify(said));
}

/** An account as the operator API shows it: the ids of its access keys, never their secrets. */
export interface AccountView {
  readonly id: string;
  readonly title?: string | undefined;
  readonly users: readonly (Account["users"][number] & { readonly accessKeyIds: readonly string[] })[];
  readonly roles: Account["roles"];
}

export function accountView(account: Account, catalogue: CatalogueView): AccountView {
  const keys = catalogue.list("access-key").filter((key) => key.accountId === account.id);
  return {
    ...account,
    users: account.users.map((user) => ({
      ...user,
      accessKeyIds: keys.filter((key) => key.userName === user.name).map((key) => key.accessKeyId),
    })),
  };
}

function stateOf(held: AgreementState | undefined): AgreementState {
  const { cancelledAtMs, suspendedAtMs, replacedBy, coveredUntilMs } = held ?? {};
  return {
    ...(cancelledAtMs === undefined ? {} : { cancelledAtMs }),
    ...(suspendedAtMs === undefined ? {} : { suspendedAtMs }),
    ...(replacedBy === undefined ? {} : { replacedBy }),
    ...(coveredUntilMs === undefined ? {} : { coveredUntilMs }),
  };
}

/** An agreement as the operator API shows it: its terms, and what has happened to it. */
export interface AgreementView extends AgreementTermsDocument {
  readonly status: AgreementStatus;
  readonly cancelledAt?: string | undefined;
  readonly suspendedAt?: string | undefined;
  readonly replacedBy?: string | undefined;
}

/** A document in which the start stands, whoever it was given by. */
export type AgreementTermsDocument = AgreementDocument & { readonly startsAt: string };

export function agreementView(agreement: Agreement, nowMs: EpochMs): AgreementView {
  const { cancelledAtMs, suspendedAtMs, replacedBy } = agreement;
  return {
    ...agreementDocument(agreement),
    status: statusOf(agreement, nowMs),
    cancelledAt: cancelledAtMs === undefined ? undefined : new Date(cancelledAtMs).toISOString(),
    suspendedAt: suspendedAtMs === undefined ? undefined : new Date(suspendedAtMs).toISOString(),
    ...(replacedBy === undefined ? {} : { replacedBy }),
  };
}

/** The terms of an agreement, as they are written. */
export function agreementDocument(agreement: Agreement): AgreementTermsDocument {
  const { startsAtMs, endsAtMs, entitlements, ...rest } = agreement;
  const { cancelledAtMs: _, suspendedAtMs: __, replacedBy: ___, coveredUntilMs: ____, ...same } = rest;
  return {
    ...same,
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: endsAtMs === undefined ? undefined : new Date(endsAtMs).toISOString(),
    entitlements: entitlements.map(({ dimension, value, expiresAtMs }) => ({
      dimension,
      value,
      expiresAt: expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString(),
    })),
  };
}
