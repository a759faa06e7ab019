import { expect, test } from "vitest";
import type { Role } from "../catalogue/account.ts";
import { Catalogue } from "../catalogue/catalogue.ts";
import type { MeteredResource } from "../resources/metered-resource.ts";
import { decideAssumeRole } from "./assume-role.ts";

const ACCOUNT = "444455556666";
const NOW_MS = Date.UTC(2026, 10, 23);
const issuer = { issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/1" };
const subject = "system:serviceaccount:default:app";
const request = {
  accountId: ACCOUNT,
  roleName: "app",
  resourceId: "eks-1",
  identity: { issuer, audiences: ["sts.amazonaws.com"], subject, podUid: "uid-1" },
};
const app: Role = { name: "app", webIdentity: [{ issuer: issuer.issuer, audience: "sts.amazonaws.com", subject }] };
const pod: MeteredResource = {
  resourceId: "eks-1",
  platform: "eks",
  externalId: "uid-1",
  accountId: ACCOUNT,
  region: "eu-west-1",
  roleName: "app",
  startedAtMs: NOW_MS,
  heardAtMs: NOW_MS,
  registrations: [],
};

function decided(known: MeteredResource | undefined, nowMs = NOW_MS, role = app): ReturnType<typeof decideAssumeRole> {
  const catalogue = new Catalogue([{ kind: "account", id: ACCOUNT, value: { id: ACCOUNT, users: [], roles: [role] } }]);
  return decideAssumeRole(request, { catalogue, nowMs, resource: known });
}

test("Rule C5: a pod that shows itself for the first time is known from then on", () => {
  expect(decided(undefined)).toMatchObject({ audience: "sts.amazonaws.com", resource: pod });
});

test("Rule C5: of a pod that is known, a sign of life is kept once an hour", () => {
  expect(decided(pod)).toEqual({ audience: "sts.amazonaws.com" });
  expect(decided(pod, NOW_MS + 3_599_999)).toEqual({ audience: "sts.amazonaws.com" });
  const later = NOW_MS + 3_600_000;
  expect(decided(pod, later)).toMatchObject({ resource: { ...pod, heardAtMs: later } });
});

test("Rule C5: what is known of a pod stays, its first role too; one that is missing is learnt", () => {
  const registered = { ...pod, registrations: [{ productCode: "p", registeredAtMs: NOW_MS }], version: 3 };
  expect(decided({ ...registered, roleName: undefined })).toMatchObject({ resource: registered });
  expect(decided({ ...registered, roleName: "other", heardAtMs: 0 })).toMatchObject({
    resource: { roleName: "other" },
  });
});

test("Rules C4 and C5: neither an untrusting role nor another account's pod, whoever vouches for it", () => {
  expect(decided(undefined, NOW_MS, { name: "app" })).toMatchObject({ rejected: { code: "AccessDenied", rule: "C4" } });
  expect(decided(undefined, NOW_MS, { ...app, name: "a" })).toMatchObject({ rejected: { rule: "C4" } });
  expect(decided({ ...pod, accountId: "777788889999" })).toMatchObject({
    rejected: { code: "AccessDenied", rule: "C5", compared: { podOfAccountId: "777788889999" } },
  });
});
