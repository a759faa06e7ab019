/** Makes catalogue changes from documents (YAML, operator API), and documents without secrets from what is held. */
import { resolve } from "node:path";
import type { Account } from "../domain/catalogue/account.ts";
import { timeOf, iso, type EpochMs } from "@countinghouse/protocol";
import { statusOf, type Agreement, type AgreementState } from "../domain/catalogue/agreement.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { Issuer } from "../domain/catalogue/issuer.ts";
import { replacedAgreement } from "../domain/changes/replacement.ts";
import { nextReplacementMs } from "../domain/changes/usage-hours.ts";
import { sealSecret } from "../identity/access-keys.ts";
import type { Sealer } from "../identity/seal.ts";
import type { Account as AccountView, AccountDocument } from "../operator/contract/catalogue/account.ts";
import type { Agreement as AgreementView, AgreementDocument } from "../operator/contract/catalogue/agreement.ts";
import type { Issuer as IssuerDocument } from "../operator/contract/catalogue/issuer.ts";
import { productChange } from "./product-documents.ts";
import type { CatalogueDocument } from "./schema.ts";

/** An account, and the access keys that the document gives its users. */
export function accountChanges(document: AccountDocument, sealer: Sealer): CatalogueChange[] {
  const account: Account = {
    id: document.id,
    title: document.title,
    users: document.users.map(({ name, policy }) => ({ name, policy })),
    roles: document.roles.map(({ name, policy, webIdentity }) => ({ name, policy, webIdentity })),
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
 * The document's terms. `held` is the agreement as it stands: what has happened to it stays. A replacement without a start
 * begins as soon as it can.
 */
export function agreementChange(
  document: AgreementDocument,
  held: Agreement | undefined,
  nowMs: EpochMs,
): CatalogueChange & { readonly kind: "agreement" } {
  const { startsAt, endsAt, entitlements } = document;
  const value: Agreement = {
    agreementId: document.agreementId,
    productCode: document.productCode,
    customerAccountId: document.customerAccountId,
    customerIdentifier: document.customerIdentifier,
    licenseArn: document.licenseArn,
    replaces: document.replaces,
    freeTrial: document.freeTrial,
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

/** Paths are relative to the file's folder. Members stay in this order, because the file's digest is made of their text. */
function issuerChange({ issuer, jwksFile, jwksUrl, caFile, region }: IssuerDocument, folder: string): CatalogueChange {
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(folder, path);
  const value: Issuer = { issuer, jwksUrl, region, jwksFile: absolute(jwksFile), caFile: absolute(caFile) };
  return { kind: "issuer", id: issuer, value };
}

/** All objects of a catalogue document but its agreements, each with a digest of its text. */
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

/** An agreement as a file gives it. Which change follows depends on what is held, and on the time. */
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
 * The change that a file's agreement makes. It does not undo what the operator API did to the agreement since. An agreement
 * that was replaced ends then at the latest, whatever end the file gives.
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

export function accountView(account: Account, catalogue: CatalogueView): AccountView {
  const keys = catalogue.list("access-key").filter((key) => key.accountId === account.id);
  return {
    id: account.id,
    title: account.title,
    users: account.users.map(({ name, policy }): AccountView["users"][number] => ({
      name,
      policy,
      // In an order that a new start does not change.
      accessKeyIds: keys
        .filter((key) => key.userName === name)
        .map((key) => key.accessKeyId)
        .toSorted(),
    })),
    roles: account.roles.map(({ name, policy, webIdentity }): AccountView["roles"][number] => ({
      name,
      policy,
      webIdentity,
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

/** A document with a start, which the file or the server has set. */
type AgreementTermsDocument = AgreementDocument & { readonly startsAt: string };

export function agreementView(agreement: Agreement, nowMs: EpochMs): AgreementView {
  const { cancelledAtMs, suspendedAtMs, replacedBy } = agreement;
  return {
    ...agreementDocument(agreement),
    status: statusOf(agreement, nowMs),
    cancelledAt: iso(cancelledAtMs),
    suspendedAt: iso(suspendedAtMs),
    replacedBy,
  };
}

/** The terms of an agreement, as a document. */
export function agreementDocument(agreement: Agreement): AgreementTermsDocument {
  const { startsAtMs, endsAtMs, entitlements } = agreement;
  return {
    agreementId: agreement.agreementId,
    productCode: agreement.productCode,
    customerAccountId: agreement.customerAccountId,
    customerIdentifier: agreement.customerIdentifier,
    licenseArn: agreement.licenseArn,
    replaces: agreement.replaces,
    freeTrial: agreement.freeTrial,
    startsAt: iso(startsAtMs),
    endsAt: iso(endsAtMs),
    entitlements: entitlements.map(({ dimension, value, expiresAtMs }): AgreementDocument["entitlements"][number] => ({
      dimension,
      value,
      expiresAt: iso(expiresAtMs),
    })),
  };
}
