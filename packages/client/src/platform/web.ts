/** Any runtime with `fetch` and WebCrypto, without environment and files. */
import { FetchTransport } from "../transport/fetch.ts";
import type { Cryptography, Platform } from "./platform.ts";

/** Some type libraries have no global name for it. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const encoder = new TextEncoder();
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

const webCryptography: Cryptography<HmacKey> = {
  sha256Hex: async (text) => hexOf(await crypto.subtle.digest("SHA-256", encoder.encode(text))),
  hmacChain: async ([first, ...rest]) => {
    let key = await hmacKey(encoder.encode(first));
    for (const text of rest) key = await hmacKey(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
    return key;
  },
  hmacSha256Hex: async (key, text) => hexOf(await crypto.subtle.sign("HMAC", key, encoder.encode(text))),
};

export const platform: Platform = {
  runtime: "web",
  cryptography: webCryptography,
  surroundings: {
    variable: () => undefined,
    mayBeInstance: false,
    home: () => Promise.resolve(undefined),
    readText: () => Promise.resolve(undefined),
  },
  transport: ({ fetch }) => new FetchTransport(fetch),
};

function hmacKey(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): Promise<HmacKey> {
  return crypto.subtle.importKey("raw", bytes, HMAC, false, ["sign"]);
}

function hexOf(bytes: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += byte.toString(16).padStart(2, "0");
  return text;
}
