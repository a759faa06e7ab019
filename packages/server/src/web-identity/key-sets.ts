/**
 * The key sets of issuers, held for a while: read again where a token names a key that is not among them, but not as often
 * as a stranger might wish. One reading serves all who wait for it. Rule C7.
 */
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import type { Issuer } from "../domain/issuer.ts";
import { readKeys } from "./read-keys.ts";

interface Pace {
  /** How long keys are held. */
  readonly heldMs: number;
  /** How soon after a reading, failed or not, there may be another. */
  readonly againMs: number;
}

const FILE: Pace = { heldMs: 10_000, againMs: 1_000 };
const URL_OF_KEYS: Pace = { heldMs: 600_000, againMs: 5_000 };

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** One reading of an issuer's keys. */
interface Reading {
  /** Held against the issuer as it stands in the catalogue: another file or URL is another reading. */
  readonly of: Issuer;
  readonly startedAtMs: number;
  /** Rejects with KeySourceError. */
  readonly keys: Promise<KeySet>;
}

export class KeySets {
  readonly #monotonicMs: () => number;
  /** By issuer: as many as the catalogue has. */
  readonly #readings = new Map<string, Reading>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Finds the key that a token names. Rejects with KeySourceError, or with an error of `jose`'s. */
  finderFor(issuer: Issuer): JWTVerifyGetKey {
    return async (header, token) => {
      const reading = this.#latest(issuer, (pace) => pace.heldMs);
      try {
        return await (
          await reading.keys
        )(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        const newer = this.#latest(issuer, (pace) => pace.againMs);
        if (newer === reading) throw error;
        return (await newer.keys)(header, token);
      }
    };
  }

  /** The last reading, if it is younger than that; else one that begins now. */
  #latest(issuer: Issuer, ageMsOf: (pace: Pace) => number): Reading {
    const pace = issuer.jwksFile === undefined ? URL_OF_KEYS : FILE;
    const nowMs = this.#monotonicMs();
    const last = this.#readings.get(issuer.issuer);
    if (last !== undefined && last.of === issuer && nowMs - last.startedAtMs < ageMsOf(pace)) return last;
    const keys = readKeys(issuer).then((set) => createLocalJWKSet(set));
    const reading: Reading = { of: issuer, startedAtMs: nowMs, keys };
    this.#readings.set(issuer.issuer, reading);
    // One that failed is not held, but others must not come faster than readings may.
    keys.catch(() => this.#expire(reading, pace));
    return reading;
  }

  /** Lets a failed reading count for as long as it keeps others off, and no longer. */
  #expire(reading: Reading, { heldMs, againMs }: Pace): void {
    if (this.#readings.get(reading.of.issuer) !== reading) return;
    const startedAtMs = this.#monotonicMs() - heldMs + againMs;
    this.#readings.set(reading.of.issuer, { ...reading, startedAtMs });
  }
}
