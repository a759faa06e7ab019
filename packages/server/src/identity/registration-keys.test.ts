import { createPublicKey, randomBytes } from "node:crypto";
import { createLocalJWKSet, decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import { expect, test } from "vitest";
import type { RegistrationKey } from "../domain/catalogue/registration-key.ts";
import { realWorld } from "../world.ts";
import { RegistrationSigner, openPrivateKey, publicJwk, sealKeyPair } from "./registration-keys.ts";
import { SECRETS_KEY_BYTES, sealerOf } from "./seal.ts";

const WALL_MS = Date.UTC(2026, 6, 14, 12, 30) + 999;
const sealer = sealerOf(randomBytes(SECRETS_KEY_BYTES), randomBytes);
const pairs = await Promise.all([realWorld.keyPair(), realWorld.keyPair()]);
const [first, second] = pairs.map((pair, i): RegistrationKey => ({
  version: i + 1,
  createdAtMs: 0,
  ...sealKeyPair(sealer, pair),
})) as [RegistrationKey, RegistrationKey];
const signer = new RegistrationSigner(sealer, () => WALL_MS);
const claims = { productCode: "product", publicKeyVersion: 1 };

test("a key is RSA of 2,048 bits, and what is kept of its private half opens with this secrets key only", () => {
  expect(createPublicKey(first.publicKey).asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
  expect(first.sealedPrivateKey).not.toContain("PRIVATE");
  expect(openPrivateKey(sealer, first)).toBe(pairs[0]?.privateKey);
  expect(openPrivateKey(sealerOf(randomBytes(SECRETS_KEY_BYTES), randomBytes), first)).toBeUndefined();
  expect(openPrivateKey(sealer, { ...first, publicKey: second.publicKey }), "of another public half").toBeUndefined();
});

test("an answer is a PS256 JWT with the header and the claims that sellers expect, and no others (Rule Y6)", async () => {
  const jwt = await signer.sign(first, { ...claims, nonce: "a nonce" });
  expect(Buffer.from(jwt.split(".")[0] ?? "", "base64url").toString()).toBe('{"alg":"PS256","typ":"JWT"}');
  expect(jwt, "as CloudTrail's sample begins").toMatch(/^eyJhbGciOiJQUzI1Ni/);
  const { payload } = await jwtVerify(jwt, await importSPKI(first.publicKey, "PS256"), {
    algorithms: ["PS256"],
    currentDate: new Date(WALL_MS),
  });
  expect(payload).toEqual({ ...claims, nonce: "a nonce", iat: Math.floor(WALL_MS / 1000) });
});

function payloadOf(jwt: string): unknown {
  return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8"));
}

test("without a nonce there is none in the answer, and an empty one is one (Rule Y6)", async () => {
  expect(payloadOf(await signer.sign(first, claims))).not.toHaveProperty("nonce");
  expect(payloadOf(await signer.sign(first, { ...claims, nonce: "" }))).toHaveProperty("nonce", "");
});

test("each version signs with its own key, though two keys had the same version", async () => {
  const other = { ...second, version: 1 };
  for (const key of [first, other, first]) {
    const jwt = await signer.sign(key, claims);
    await expect(jwtVerify(jwt, await importSPKI(key.publicKey, "PS256"))).resolves.toMatchObject({ payload: claims });
  }
  await expect(
    jwtVerify(await signer.sign(other, claims), await importSPKI(first.publicKey, "PS256")),
  ).rejects.toThrow();
});

test("the public half as a JSON Web Key verifies, and holds nothing of the private one", async () => {
  const jwk = publicJwk(first);
  expect(Object.keys(jwk).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
  expect(jwk).toMatchObject({ kid: "1", alg: "PS256", use: "sig" });
  const jwt = await signer.sign(first, claims);
  expect(decodeProtectedHeader(jwt)).not.toHaveProperty("kid");
  await expect(jwtVerify(jwt, createLocalJWKSet({ keys: [jwk] }))).resolves.toMatchObject({ payload: claims });
});

test("a key that was sealed with another secrets key signs nothing", async () => {
  const stranger = new RegistrationSigner(sealerOf(randomBytes(SECRETS_KEY_BYTES), randomBytes), () => WALL_MS);
  const message = "Registration key 1 cannot be opened with the secrets key.";
  await expect(stranger.sign(first, claims)).rejects.toThrow(message);
});
