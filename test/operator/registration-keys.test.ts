/** Registration keys: made at the first start, rotated by the operator, and readable, in part, by anybody. */
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, type Served } from "../support/server.ts";

interface Key {
  readonly version: number;
  readonly publicKey: string;
  readonly createdAt: string;
  readonly expiredAt?: string;
}

async function keysOf(server: Served): Promise<readonly Key[]> {
  const { status, body } = await server.operator("GET", "/registration-keys");
  expect(status).toBe(200);
  return (body as { items: Key[] }).items;
}

async function rotate(server: Served): Promise<Key> {
  const { status, body } = await server.operator("POST", "/registration-keys");
  expect(status, JSON.stringify(body)).toBe(201);
  return body as Key;
}

const published = (server: Served, path: string): Promise<Response> => fetch(`${server.endpoint}/.well-known/${path}`);

test("the first start makes version 1, and no later one makes another", async () => {
  const store = ["--store", `sqlite:${newFolder()}/data`];
  const first = await start(store);
  const keys = await keysOf(first);
  expect(keys).toEqual([
    { version: 1, publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/), createdAt: expect.any(String) },
  ]);
  await first.kill();
  expect(await keysOf(await start(store))).toEqual(keys);
});

test("a rotation makes the next version, and the one before expires with it", async () => {
  const server = await marketOfTest({ now: "2026-07-20T12:00:00Z" });
  const [first] = await keysOf(server);
  await server.operator("PUT", "/clock", { advanceSeconds: 60 });
  const second = await rotate(server);
  expect(second).toMatchObject({ version: 2, createdAt: "2026-07-20T12:01:00.000Z" });
  expect(second.publicKey).not.toBe(first?.publicKey);
  expect(await keysOf(server)).toEqual([{ ...first, expiredAt: second.createdAt }, second]);
});

test("two rotations at once make two versions", async () => {
  const server = await marketOfTest();
  const made = await Promise.all([rotate(server), rotate(server)]);
  expect(made.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([2, 3]);
  const expired = (await keysOf(server)).map(({ expiredAt }) => expiredAt !== undefined);
  expect(expired).toEqual([true, true, false]);
});

describe("anybody may read", () => {
  test("the public halves: as a key set whose ids are the versions, and each as PEM", async () => {
    const server = await marketOfTest();
    await rotate(server);
    const keys = await keysOf(server);
    const answer = await published(server, "jwks.json");
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    const { keys: set } = (await answer.json()) as { keys: JsonWebKey[] };
    expect(set.map((key) => ({ kid: key["kid"], alg: key["alg"], use: key["use"], d: key.d }))).toEqual(
      ["1", "2"].map((kid) => ({ kid, alg: "PS256", use: "sig", d: undefined })),
    );
    for (const [i, { version, publicKey }] of keys.entries()) {
      const pem = await published(server, `registration-keys/${version}.pem`);
      expect(await pem.text()).toBe(publicKey);
      const fromSet = createPublicKey({ key: set[i] as JsonWebKey, format: "jwk" });
      expect(fromSet.export({ type: "spki", format: "pem" })).toBe(publicKey);
    }
  });

  test.each(["registration-keys/3.pem", "registration-keys/0.pem", "registration-keys/1", "registration-keys/01.pem"])(
    "nothing else: %s",
    async (path) => {
      const server = await marketOfTest();
      expect((await published(server, path)).status).toBe(404);
      expect((await fetch(`${server.operatorUrl}/registration-keys`)).status).toBe(401);
    },
  );
});

test("nothing secret of a key is in the audit events, or in any answer", async () => {
  const server = await marketOfTest();
  await rotate(server);
  const { body } = await server.operator("GET", "/audit-events?limit=100");
  expect(JSON.stringify(body)).toContain('"registration-key"');
  for (const text of [JSON.stringify(body), JSON.stringify(await keysOf(server))]) {
    expect(text).not.toMatch(/PRIVATE|sealed/);
  }
});

test("a reset leaves the keys as they are: containers hold their public halves", async () => {
  const server = await marketOfTest();
  await rotate(server);
  const keys = await keysOf(server);
  expect((await server.operator("POST", "/reset")).status).toBe(204);
  expect(await keysOf(server)).toEqual(keys);
});

test("a backup carries the keys, to be opened with the same secrets key", async () => {
  const [from, to] = [join(newFolder(), "data"), join(newFolder(), "data")];
  const server = await start(["--store", `sqlite:${from}`]);
  await rotate(server);
  const keys = await keysOf(server);
  const file = join(newFolder(), "backup");
  for (const args of [
    ["backup", file, "--store", `sqlite:${from}`],
    ["restore", file, "--store", `sqlite:${to}`],
  ]) {
    const { code, stderr } = await runCommand(["store", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
  copyFileSync(join(from, "secrets.key"), join(to, "secrets.key"));
  expect(await keysOf(await start(["--store", `sqlite:${to}`]))).toEqual(keys);
});

test("a server does not start with a secrets key that opens no registration key, nor without one", async () => {
  const folder = newFolder();
  // Without access keys, so that nothing else is sealed.
  const catalogue = join(folder, "catalogue.yaml");
  writeFileSync(catalogue, "accounts: []\nproducts: []\nagreements: []\n");
  const flags = ["--store", `sqlite:${folder}/data`, "--catalog", catalogue];
  await (await start(flags)).stop();
  const other = join(folder, "other.key");
  writeFileSync(other, `${Buffer.alloc(32, 1).toString("base64")}\n`, { mode: 0o600 });
  const wrong = await runCommand(["serve", "--port", "0", ...flags, "--secrets-key-file", other]);
  expect(wrong.stderr).toContain("The secrets key is not the one that this ledger's secrets were sealed with.");
  expect(wrong.code).toBe(2);
});
