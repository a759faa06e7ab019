/** Reads an issuer's key set from the file or URL in the catalogue, within bounds of time and size. Rule C7. */
import { readFile, stat } from "node:fs/promises";
import { request as openPlain } from "node:http";
import { request as openTls } from "node:https";
import { rootCertificates } from "node:tls";
import type { JSONWebKeySet } from "jose";
import type { Issuer } from "../domain/catalogue/issuer.ts";

const BYTES_MAX = 262_144;
const KEYS_MAX = 100;
const TIMEOUT_MS = 5_000;

/** The keys could not be read. The message is for the operator only, because it says where the keys are read from. */
export class KeySourceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "KeySourceError";
  }
}

/** Rejects with KeySourceError only. */
export async function readKeys({ jwksFile, jwksUrl, caFile }: Issuer): Promise<JSONWebKeySet> {
  const source = jwksFile ?? jwksUrl ?? "";
  try {
    const text = jwksFile === undefined ? await fetchText(source, caFile) : await readText(jwksFile);
    return keySetOf(text);
  } catch (error) {
    throw new KeySourceError(`The keys at ${source} cannot be read: ${(error as Error).message}`, error);
  }
}

async function readText(file: string): Promise<string> {
  if ((await stat(file)).size > BYTES_MAX) throw new Error(`it has more than ${BYTES_MAX} bytes`);
  return readFile(file, "utf8");
}

/** Redirects are not followed: whoever can redirect the request could supply other keys. */
async function fetchText(url: string, caFile: string | undefined): Promise<string> {
  const ca = caFile === undefined ? undefined : [...rootCertificates, await readText(caFile)];
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const headers = { accept: "application/json" };
    const outgoing = url.startsWith("https:")
      ? openTls(url, { agent: false, headers, signal, ...(ca === undefined ? {} : { ca }) })
      : openPlain(url, { agent: false, headers, signal });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on("error", reject);
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > BYTES_MAX) incoming.destroy(new Error(`the answer has more than ${BYTES_MAX} bytes`));
      });
      incoming.on("end", () => {
        if (incoming.statusCode === 200) resolve(Buffer.concat(chunks).toString("utf8"));
        else reject(new Error(`the answer has status ${incoming.statusCode}`));
      });
    });
    outgoing.end();
  });
}

function keySetOf(text: string): JSONWebKeySet {
  const { keys } = (JSON.parse(text) ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length > KEYS_MAX || !keys.every(isKey)) throw new Error("it is not a key set");
  return { keys };
}

function isKey(key: unknown): boolean {
  return typeof key === "object" && key !== null;
}
