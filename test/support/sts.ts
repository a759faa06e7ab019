/** Raw requests of STS, and servers that trust an issuer. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ISSUER, keySetOf, newKey, podClaims, tokenOf, type Claims, type IssuerKey } from "./issuer.ts";
import { newFolder, start } from "./scoped.ts";
import type { RunningServer, Served } from "./server.ts";
import { BUYER, ROLE, catalogueFile, catalogueOf } from "./workload.ts";

export const KEY = newKey("key-1");
export const ROLE_ARN = `arn:aws:iam::${BUYER}:role/${ROLE}`;

/** A valid token of the issuer's, for the pod. */
export function goodToken(over: Claims = {}, key: IssuerKey = KEY): string {
  return tokenOf(podClaims(ISSUER, over), key);
}

/** The flags of a server whose catalogue has the issuer and the buyer's role. */
export function believing(folder: string, issuer: object, role: object = {}): string[] {
  return ["--store", "memory:", "--catalog", catalogueFile(folder, catalogueOf(issuer, role))];
}

/** Writes a key set; answers its path. */
export function keyFile(folder: string, ...keys: readonly IssuerKey[]): string {
  const file = join(folder, "jwks.json");
  writeFileSync(file, keySetOf(...keys));
  return file;
}

/** A server that trusts the issuer, for one test. */
export async function serverFor(issuer: object, role: object = {}): Promise<RunningServer> {
  return start(believing(newFolder(), issuer, role));
}

/** A form; undefined leaves a parameter out. */
export type Form = Readonly<Record<string, string | undefined>>;

interface StsAnswer {
  readonly status: number;
  readonly text: string;
  /** The text of an element that holds only text. */
  element(name: string): string | undefined;
}

export async function sts(
  { endpoint }: Pick<Served, "endpoint">,
  form: Form,
  init: RequestInit = {},
): Promise<StsAnswer> {
  const given = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(given), ...init });
  const text = await answer.text();
  return { status: answer.status, text, element: (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] };
}

export function assume(server: Pick<Served, "endpoint">, token: string, over: Form = {}): Promise<StsAnswer> {
  return sts(server, {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: ROLE_ARN,
    RoleSessionName: "pod",
    WebIdentityToken: token,
    ...over,
  });
}
