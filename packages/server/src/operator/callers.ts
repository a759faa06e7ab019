/** Finds who calls the operator API by the bearer token: the operator, or a reader with a token of their own. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Role } from "./context.ts";

/** A token that may only read, and the name of its reader. */
export interface ViewerToken {
  readonly name: string;
  readonly token: string;
}

interface Caller {
  readonly principal: string;
  readonly role: Role;
}

export class Callers {
  readonly #known: readonly (readonly [digest: Buffer, caller: Caller])[];

  constructor(operatorToken: string, viewerTokens: readonly ViewerToken[]) {
    this.#known = [
      [digest(operatorToken), { principal: "operator", role: "operator" }],
      ...viewerTokens.map(({ name, token }) => [digest(token), { principal: name, role: "reader" }] as const),
    ];
  }

  /** Undefined for an unknown token. Compares with all tokens, each in constant time, whichever matches. */
  of(token: string): Caller | undefined {
    const given = digest(token);
    let found: Caller | undefined;
    for (const [known, caller] of this.#known) {
      if (timingSafeEqual(given, known)) found ??= caller;
    }
    return found;
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
