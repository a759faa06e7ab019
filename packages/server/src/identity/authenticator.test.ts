import { createHash, randomBytes } from "node:crypto";
import { meteringService } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { signed, wireRequest, type RawRequest, type Signing } from "../../../../test/support/raw-client.ts";
import type { AccessKey, Account } from "../domain/catalogue/account.ts";
import { Catalogue } from "../domain/catalogue/catalogue.ts";
import { sealSecret } from "./access-keys.ts";
import { Authenticator, SIGNING_KEYS_MAX } from "./authenticator.ts";
import { sealerOf } from "./seal.ts";
import { issueCredentials, type SessionCredentials } from "./session-credentials.ts";
import type { SignedRequest } from "./signed-request.ts";

const AT = new Date("2026-03-14T12:00:00Z");
const ACCOUNT: Account = { id: "111122223333", users: [{ name: "metering" }], roles: [{ name: "app" }] };
const KEY = { accessKeyId: "AKIAEXAMPLE000000001", secretAccessKey: "a secret" };
const STRANGER = { ...KEY, secretAccessKey: "a guess" };

const sealer = sealerOf(createHash("sha256").update("one").digest(), randomBytes);
const region = (i: number): string => `us-east-${i}`;
const request = wireRequest("http://127.0.0.1", "MeterUsage", {});

function keyWith(secretAccessKey: string): AccessKey {
  const { accessKeyId } = KEY;
  const sealedSecret = sealSecret(sealer, accessKeyId, secretAccessKey);
  return { accessKeyId, accountId: ACCOUNT.id, userName: "metering", sealedSecret };
}

function catalogueOf(accessKey: AccessKey): Catalogue {
  return new Catalogue([
    { kind: "account", id: ACCOUNT.id, value: ACCOUNT },
    { kind: "access-key", id: accessKey.accessKeyId, value: accessKey },
  ]);
}

class Door {
  catalogue = catalogueOf(keyWith(KEY.secretAccessKey));
  readonly authenticator = new Authenticator({ catalogue: () => this.catalogue, sealer, wallMs: () => AT.getTime() });

  get held(): number {
    return this.authenticator.held;
  }

  /** Whether a request that is signed so is accepted. */
  admits(signing: Signing, of: RawRequest = request, body = of.body): boolean {
    const { method, path, headers } = signed(of, { ...KEY, at: AT, ...signing });
    const lines = Object.entries(headers).map(([name, line]) => [name, [line ?? []].flat()] as const);
    const asked: SignedRequest = { method, path, query: "", headers: new Map(lines), body };
    return !("code" in this.authenticator.authenticate(asked, meteringService.signingName));
  }
}

function sessionOf(roleName: string): SessionCredentials {
  return issueCredentials(sealer, randomBytes, {
    accountId: ACCOUNT.id,
    roleName,
    sessionName: "app-0",
    session: { resourceId: "eks-1", platform: "eks" },
    expiresAtMs: AT.getTime() + 1,
  });
}

const withToken = (sessionToken: string): RawRequest => ({
  ...request,
  headers: { ...request.headers, "x-amz-security-token": sessionToken },
});

describe("a signing key is held", () => {
  test("once a signature was good, for its day, region and service", () => {
    const door = new Door();
    expect(door.held).toBe(0);
    for (let i = 0; i < 3; i += 1) expect(door.admits({})).toBe(true);
    expect(door.held).toBe(1);
    expect(door.admits({ region: "eu-west-1" })).toBe(true);
    expect(door.held).toBe(2);
  });

  test("for nobody who does not know the secret, however many regions are tried", () => {
    const door = new Door();
    for (let i = 0; i < 1_000; i += 1) expect(door.admits({ ...STRANGER, region: region(i) })).toBe(false);
    expect(door.admits({ ...KEY, accessKeyId: "AKIANOBODY0000000001" }), "an unknown key").toBe(false);
    expect(door.admits({}, request, Buffer.from("{}{}")), "another body").toBe(false);
    expect(door.admits({ unsigned: ["x-amz-target"] }), "an operation that is not signed").toBe(false);
    expect(door.held).toBe(0);
  });

  test("of a session when its own token came along, and of no other", () => {
    const door = new Door();
    const session = sessionOf("app");
    const { sessionToken } = session;
    expect(door.admits({ ...session, secretAccessKey: "a guess" }, withToken(sessionToken))).toBe(false);
    expect(door.admits(session, withToken(`${sessionToken.slice(0, -8)}AAAAAAA=`)), "altered").toBe(false);
    expect(door.admits(session, withToken(sessionOf("app").sessionToken)), "another's").toBe(false);
    const { sessionToken: ofNoRole, ...noRole } = sessionOf("gone");
    expect(door.admits(noRole, withToken(ofNoRole)), "of a role that is gone").toBe(false);
    expect(door.held).toBe(0);
    expect(door.admits(session, withToken(sessionToken))).toBe(true);
    expect(door.held).toBe(1);
  });

  test("until the secret is another: the old one is not good any more, and the new one takes its place", () => {
    const door = new Door();
    expect(door.admits({})).toBe(true);
    door.catalogue = catalogueOf(keyWith("a new secret"));
    expect(door.admits({})).toBe(false);
    expect(door.admits({ secretAccessKey: "a new secret" })).toBe(true);
    expect(door.held).toBe(1);
  });
});

test("no more signing keys are held than the bound, and whoever comes beyond it takes the place of the oldest", () => {
  const door = new Door();
  for (let i = 0; i < SIGNING_KEYS_MAX; i += 1) if (!door.admits({ region: region(i) })) expect.fail(region(i));
  expect(door.held).toBe(SIGNING_KEYS_MAX);
  expect(door.admits({ ...STRANGER, region: region(SIGNING_KEYS_MAX) })).toBe(false);
  expect(door.admits({ region: region(0) })).toBe(true);
  expect(door.held, "neither a stranger nor a key that is held puts others out").toBe(SIGNING_KEYS_MAX);
  for (let i = 0; i < 100; i += 1) {
    expect(door.admits({ region: region(SIGNING_KEYS_MAX + i) })).toBe(true);
    expect(door.held, "the others stay").toBe(SIGNING_KEYS_MAX);
  }
  expect(door.admits({ region: region(0) }), "one that was put out is derived again").toBe(true);
}, 60_000);
