/**
 * Holds the key sets of issuers for a while. A set is read again where a token names a key that it lacks, but no more often
 * than a bound allows, because a stranger can send such tokens. All callers who wait share one reading. Rule C7.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Issuer } from "../domain/catalogue/issuer.ts";
import { readKeys } from "./read-keys.ts";

interface Pace {
  /** How long keys are held. */
  readonly heldMs: number;
  /** How soon after a reading, even a failed one, the next one may begin. */
  readonly againMs: number;
}

const FILE: Pace = { heldMs: 10_000, againMs: 1_000 };
const URL_OF_KEYS: Pace = { heldMs: 600_000, againMs: 5_000 };

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** One reading of an issuer's keys. */
interface Reading {
  readonly source: string;
  readonly startedAtMs: number;
  /** Rejects with KeySourceError. */
  readonly keys: Promise<KeySet>;
}

/** The last successful reading. */
interface Held {
  readonly source: string;
  readonly startedAtMs: number;
  readonly keys: KeySet;
}

export class KeySets {
  readonly #monotonicMs: () => number;
  readonly #onError: (error: Error) => void;
  /** Both by issuer, so as many as the catalogue has. */
  readonly #readings = new Map<string, Reading>();
  readonly #held = new Map<string, Held>();

  /** Calls `onError` once for each reading that fails. */
  constructor(monotonicMs: () => number, onError: (error: Error) => void) {
    this.#monotonicMs = monotonicMs;
    this.#onError = onError;
  }

  /** Finds the key that a token names. Rejects with KeySourceError, or with an error of `jose`'s. */
  finderFor(issuer: Issuer): JWTVerifyGetKey {
    return async (header, token) => {
      const held = this.#heldFor(issuer);
      try {
        if (held !== undefined) return await held(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
      // The held keys stay, whatever key a stranger's token names.
      return (await this.#reading(issuer).keys)(header, token);
    };
  }

  #heldFor(issuer: Issuer): KeySet | undefined {
    const held = this.#held.get(issuer.issuer);
    const isGood = held?.source === sourceOf(issuer) && this.#monotonicMs() - held.startedAtMs < paceOf(issuer).heldMs;
    return isGood ? held.keys : undefined;
  }

  /** The last reading, even a failed one, where no other may begin yet; otherwise a new one. */
  #reading(issuer: Issuer): Reading {
    const nowMs = this.#monotonicMs();
    const source = sourceOf(issuer);
    const last = this.#readings.get(issuer.issuer);
    if (last?.source === source && nowMs - last.startedAtMs < paceOf(issuer).againMs) return last;
    const keys = readKeys(issuer).then((set) => createLocalJWKSet(set));
    const reading: Reading = { source, startedAtMs: nowMs, keys };
    this.#readings.set(issuer.issuer, reading);
    keys.then((set) => this.#held.set(issuer.issuer, { source, startedAtMs: nowMs, keys: set }), this.#onError);
    return reading;
  }
}

function paceOf({ jwksFile }: Issuer): Pace {
  return jwksFile === undefined ? URL_OF_KEYS : FILE;
}

/** A different file or URL makes a different source, which is read anew. */
function sourceOf({ jwksFile, jwksUrl, caFile }: Issuer): string {
  return JSON.stringify([jwksFile, jwksUrl, caFile]);
}
