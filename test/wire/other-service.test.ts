/**
 * The wire handler with an operation of a service that has a target prefix with full stops, a signing name and IAM
 * actions of its own: each of them is the operation's, and none is taken from elsewhere.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { operationNames, type Service } from "@countinghouse/protocol";
import { afterAll, expect, test } from "vitest";
import type { PolicyDocument } from "../../packages/server/src/domain/catalogue/account.ts";
import { Catalogue } from "../../packages/server/src/domain/catalogue/catalogue.ts";
import { RequestQuotas } from "../../packages/server/src/wire/request-quotas.ts";
import { UnkeptCalls } from "../../packages/server/src/operations/unkept-calls.ts";
import { WireHandler } from "../../packages/server/src/wire/wire-handler.ts";
import type { Codec, WireOperation } from "../../packages/server/src/wire/wire-operation.ts";
import { sealSecret } from "../../packages/server/src/identity/access-keys.ts";
import { Authenticator } from "../../packages/server/src/identity/authenticator.ts";
import { sealerOf } from "../../packages/server/src/identity/seal.ts";
import { newCall } from "../../packages/server/testing/contract/works.ts";
import { ledgerOver } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { MemoryEngine } from "../../packages/server/src/stores/memory/memory-engine.ts";
import { signed, wireRequest } from "../support/raw-client.ts";

const TRAIL: Service = {
  targetPrefix: "com.example.trail.v20131101.Trail_20131101",
  namespace: "com.example.trail",
  signingName: "trail",
  actionPrefix: "audit",
  eventSource: "trail.example.com",
};
const KEY = { accessKeyId: "AKIATRAIL00000000001", secretAccessKey: "trail" };

const codec: Codec = { decode: () => ({ ok: true, value: {} }), encode: () => '{"Events":[]}' };
const operation: WireOperation = {
  ...operationNames(TRAIL, "LookupEvents"),
  json: codec,
  cbor: codec,
  asked: () => ({}),
  run: () => Promise.resolve({ output: {} }),
};
const kept = await ledgerOver(
  () => new MemoryEngine(),
  () => undefined,
);
afterAll(() => kept.remove());

/** Sends an empty request for `LookupEvents` of a service, under another service's signature where one is named. */
async function ask(policy: PolicyDocument, service = TRAIL, signingName = service.signingName): Promise<unknown> {
  const sealer = sealerOf(createHash("sha256").update("trail").digest(), randomBytes);
  const sealedSecret = sealSecret(sealer, KEY.accessKeyId, KEY.secretAccessKey);
  const account = { id: "111122223333", users: [{ name: "auditor", policy }], roles: [] };
  const value = { accessKeyId: KEY.accessKeyId, accountId: account.id, userName: "auditor", sealedSecret };
  const catalogue = new Catalogue([
    { kind: "account", id: account.id, value: account },
    { kind: "access-key", id: KEY.accessKeyId, value },
  ]);
  const handler = new WireHandler({
    unkept: new UnkeptCalls({ ledger: kept.ledger, wallMs: () => 0, newCall: () => newCall() }),
    quotas: new RequestQuotas({ quotas: {}, monotonicMs: () => 0 }),
    operations: [operation],
    authenticator: new Authenticator({ catalogue: () => catalogue, sealer, wallMs: () => Date.now() }),
    ledger: kept.ledger,
    newRequestId: () => randomUUID(),
    wallMs: () => Date.now(),
    onError: (error) => {
      throw error;
    },
  });
  const request = wireRequest("http://127.0.0.1", "LookupEvents", {}, service);
  const { headers, ...sent } = signed(request, { ...KEY, service: signingName });
  const lines = Object.entries(headers).map(([name, line]) => [name, [line ?? []].flat()] as const);
  const from = { sourceAddress: "127.0.0.1", isSecure: false };
  const answer = await handler.handle({ ...sent, ...from, query: "", headers: new Map(lines) });
  return JSON.parse(String(answer.body));
}

const allowing = (Action: string): PolicyDocument => ({ Statement: { Effect: "Allow", Action, Resource: "*" } });

test("an operation of another service is found, verified and permitted by its own names (Rules N1, N3)", async () => {
  expect(await ask(allowing("audit:LookupEvents"))).toEqual({ Events: [] });
});

test("its target is all of its prefix", async () => {
  const shorter = { ...TRAIL, targetPrefix: "Trail_20131101" };
  expect(await ask(allowing("*"), shorter)).toEqual({ __type: "UnknownOperationException" });
});

test("a signature for the marketplace is not good for it (Rule N1)", async () => {
  expect(await ask(allowing("*"), TRAIL, "aws-marketplace")).toEqual({
    __type: "InvalidSignatureException",
    message: "Credential should be scoped to correct service: 'trail'. ",
  });
});

test("an action of the marketplace does not permit it (Rule N3)", async () => {
  expect(await ask(allowing("aws-marketplace:*"))).toMatchObject({
    __type: "AccessDeniedException",
    message: expect.stringContaining("is not authorized to perform: audit:LookupEvents because") as string,
  });
});
