/** What can be read without a signature: the public keys by which RegisterUsage answers are verified. */
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { publicJwk } from "../identity/registration-keys.ts";
import { registrationKeys } from "../operations/registration-keys.ts";
import type { WireResponse } from "../listener/message.ts";

const PEM_PATH = /^\/\.well-known\/registration-keys\/([1-9]\d{0,9})\.pem$/;

/** Undefined for any other path. */
export function wellKnown(path: string, catalogue: CatalogueView): WireResponse | undefined {
  if (path === "/.well-known/jwks.json") {
    const keys = registrationKeys(catalogue).map(publicJwk);
    return { status: 200, headers: { "Content-Type": "application/json" }, body: `${JSON.stringify({ keys })}\n` };
  }
  const version = PEM_PATH.exec(path)?.[1];
  const key = version === undefined ? undefined : catalogue.registrationKey(Number(version));
  if (key === undefined) return undefined;
  return { status: 200, headers: { "Content-Type": "application/x-pem-file" }, body: key.publicKey };
}
