import { describe, expect, test } from "vitest";
import { newKeyPair, ps256, signedRegistration } from "../../../../test/support/registration.ts";
import { verifyRegistration, type RegistrationExpectation } from "./verify.ts";

const given = signedRegistration("product");
const expected = { productCode: "product", publicKeyVersion: 1, nonce: "n" };

test("a registration is good for the key it was signed with, in PEM of either kind and as a JWK", async () => {
  for (const publicKey of [given.pem, given.pkcs1, given.jwk]) {
    expect(await verifyRegistration(given.jwt, { ...expected, publicKey })).toEqual({
      ...expected,
      issuedAt: new Date(given.issuedAtMs),
    });
  }
});

test.each(given.badJwts.map((jwt, i) => [i + 1, jwt] as const))("bad registration %i is refused", async (_i, jwt) => {
  await expect(verifyRegistration(jwt, { ...expected, publicKey: given.pem })).rejects.toMatchObject({
    name: "InvalidRegistrationError",
  });
});

test("keys of many sizes are read, in PKCS #1, too", async () => {
  const { publicKey, privateKey } = newKeyPair(2_048);
  const jwt = ps256({ alg: "PS256" }, { ...expected, iat: 1 }, privateKey);
  for (const type of ["spki", "pkcs1"] as const) {
    const pem = publicKey.export({ type, format: "pem" }).toString();
    expect(await verifyRegistration(jwt, { ...expected, publicKey: pem })).toMatchObject(expected);
  }
});

test("claims are taken in the spelling of the documentation, too; the nonce only where one was sent", async () => {
  const { publicKey, privateKey } = newKeyPair();
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const jwt = ps256({ alg: "PS256" }, { ProductCode: "product", PublicKeyVersion: 1, Nonce: "n", iat: 1 }, privateKey);
  const { nonce: _nonce, ...withoutNonce } = expected;
  for (const expectation of [expected, withoutNonce]) {
    expect(await verifyRegistration(jwt, { ...expectation, publicKey: pem })).toMatchObject({ nonce: "n" });
  }
});

const at = (seconds: number): RegistrationExpectation => ({
  ...expected,
  publicKey: given.pem,
  ageSecondsMax: 300,
  nowMs: given.issuedAtMs + seconds * 1000,
});

describe("an age that is asked for", () => {
  test.each([0, 300, -300])("is kept at %i s", async (seconds) => {
    expect(await verifyRegistration(given.jwt, at(seconds))).toMatchObject(expected);
  });
  test.each([301, -301])("is broken at %i s", async (seconds) => {
    await expect(verifyRegistration(given.jwt, at(seconds))).rejects.toMatchObject({
      name: "InvalidRegistrationError",
    });
  });
});

test.each(["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", { kty: "EC" }, { kty: "RSA" }])(
  "what is no public key is a mistake of the configuration: %j",
  async (publicKey) => {
    await expect(verifyRegistration(given.jwt, { ...expected, publicKey })).rejects.toMatchObject({
      name: "ConfigurationError",
    });
  },
);
