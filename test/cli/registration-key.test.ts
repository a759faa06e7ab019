/** `countinghouse registration-key`: what sellers get to verify registrations with. */
import { createPublicKey } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand, startServer, type RunningServer } from "../support/server.ts";

let server: RunningServer;

beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
});
afterAll(() => server.stop());

function registrationKey(...args: string[]): ReturnType<typeof runCommand> {
  const { operatorUrl, operatorToken } = server;
  const env = { COUNTINGHOUSE_OPERATOR_URL: operatorUrl, COUNTINGHOUSE_OPERATOR_TOKEN: operatorToken };
  return runCommand(["registration-key", ...args], env);
}

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await registrationKey(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

test("rotate makes the next version and prints it; list tells of all", async () => {
  expect(await printed("list")).toBe(
    "version  createdAt                 expiredAt\n      1  2026-07-20T12:00:00.000Z  -\n",
  );
  expect(await printed("rotate")).toMatch(/ 2 {2}2026-07-20T12:00:00\.000Z {2}-\n\n-----BEGIN PUBLIC KEY-----\n/);
  const keys = JSON.parse(await printed("list", "--json")) as { version: number; expiredAt?: string }[];
  expect(keys).toMatchObject([{ version: 1, expiredAt: "2026-07-20T12:00:00.000Z" }, { version: 2 }]);
});

test("show prints the public key and nothing else, in PEM or as a JWK", async () => {
  const pem = await printed("show", "1");
  const jwk = JSON.parse(await printed("show", "1", "--format", "jwk")) as { kid: string; n: string };
  expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----\n$/);
  expect(jwk).toMatchObject({ kty: "RSA", kid: "1", alg: "PS256" });
  expect(createPublicKey(pem).export({ format: "jwk" })["n"]).toBe(jwk.n);
});

test("show of a version that there is not, and of a format that there is not, fails", async () => {
  expect(await registrationKey("show", "9")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "countinghouse: There is no registration key 9.\n",
  });
  expect((await registrationKey("show", "1", "--format", "der")).code).toBe(2);
});
