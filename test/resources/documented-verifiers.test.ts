/** The verifiers of docs/REGISTER-USAGE.md, run as they stand there, on what the server signs. Rule Y6. */
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { verifyRegistration } from "@countinghouse/client";
import { afterAll, describe, expect, test } from "vitest";
import { RegistrationSigner, publicJwk, sealKeyPair } from "../../packages/server/src/identity/registration-keys.ts";
import { SECRETS_KEY_BYTES, sealerOf } from "../../packages/server/src/identity/seal.ts";
import { realWorld } from "../../packages/server/src/world.ts";

const PAGE = readFileSync(new URL("../../docs/REGISTER-USAGE.md", import.meta.url), "utf8");
/** Below the repository, so that the page's imports are found. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, "verifiers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function block(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "m").exec(PAGE)?.[1];
  if (code === undefined) throw new Error(`The page has no block in ${language}.`);
  return code;
}

const sealer = sealerOf(randomBytes(SECRETS_KEY_BYTES), randomBytes);
const key = { version: 1, createdAtMs: 0, ...sealKeyPair(sealer, await realWorld.keyPair()) };
const claims = { productCode: "product", publicKeyVersion: 1, nonce: "a nonce" };
const good = await new RegistrationSigner(sealer, realWorld.wallMs).sign(key, claims);
const [header = "", , proof = ""] = good.split(".");
const forgedClaims = Buffer.from(JSON.stringify({ ...claims, iat: 1 })).toString("base64url");
const forged = `${header}.${forgedClaims}.${proof}`;
const publicKeyFile = join(folder, "public-key.pem");
writeFileSync(publicKeyFile, key.publicKey);

describe("in TypeScript", () => {
  const file = join(folder, "check-registration.ts");
  writeFileSync(file, block("ts"));
  type Check = (signature: string, expected: typeof claims, file: string) => Promise<void>;
  const check: Check = async (...given) => {
    const { checkRegistration } = (await import(pathToFileURL(file).href)) as { checkRegistration: Check };
    return checkRegistration(...given);
  };

  test("takes what the server signed", async () => {
    await expect(check(good, claims, publicKeyFile)).resolves.toBeUndefined();
  });

  test("takes nothing that was altered, is old, or is of another product or nonce", async () => {
    const signer = new RegistrationSigner(sealer, () => realWorld.wallMs() - 600_000);
    const old = await signer.sign(key, claims);
    for (const signature of [forged, old]) await expect(check(signature, claims, publicKeyFile)).rejects.toThrow();
    for (const over of [{ productCode: "another" }, { publicKeyVersion: 2 }, { nonce: "another" }]) {
      const [name = ""] = Object.keys(over);
      await expect(check(good, { ...claims, ...over }, publicKeyFile)).rejects.toThrow(`for another ${name}`);
    }
  });
});

function openssl(): string | undefined {
  try {
    return execFileSync("openssl", ["version"], { encoding: "utf8" });
  } catch {
    return undefined;
  }
}

const hasOpenssl = openssl() !== undefined;
if (!hasOpenssl) process.stdout.write("skipped: the OpenSSL verifier: there is no openssl on this machine\n");

function verifyByOpenssl(SIGNATURE: string): Promise<readonly [number, string]> {
  return new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], SIGNATURE };
    execFile("sh", ["-c", block("sh")], { cwd: folder, env }, (error, stdout) => {
      resolve([error === null ? 0 : Number(error.code), stdout]);
    });
  });
}

describe.skipIf(!hasOpenssl)("with OpenSSL", () => {
  test("takes what the server signed, and nothing else", async () => {
    expect(await verifyByOpenssl(good)).toEqual([0, "Verified OK\n"]);
    const [code, said] = await verifyByOpenssl(forged);
    expect(code).toBe(1);
    expect(said).not.toContain("OK");
  });
});

test("the client's verifyRegistration takes it, too, by PEM and by JWK", async () => {
  for (const publicKey of [key.publicKey, publicJwk(key)]) {
    expect(await verifyRegistration(good, { publicKey, ...claims, ageSecondsMax: 60 })).toMatchObject(claims);
    await expect(verifyRegistration(forged, { publicKey, ...claims })).rejects.toThrow("does not match the public key");
  }
});
