/** What comes from outside: time, randomness, and when queued work runs. Tests replace it, so that everything can be repeated. */
import { generateKeyPair, randomBytes, randomUUID } from "node:crypto";
import { statfsSync } from "node:fs";
import { promisify } from "node:util";
import type { EpochMs } from "@countinghouse/protocol";

export interface World {
  /** The wall clock. */
  readonly wallMs: () => EpochMs;
  /** A clock for durations, unrelated to the time of day. */
  readonly monotonicMs: () => number;
  readonly random: (bytes: number) => Buffer;
  readonly uuid: () => string;
  /** A new RSA key of 2,048 bits: SPKI and PKCS #8, in PEM. */
  readonly keyPair: () => Promise<{ readonly publicKey: string; readonly privateKey: string }>;
  /** Free bytes on a folder's disk; undefined where they are not known, as for a folder that does not exist yet. */
  readonly freeBytes: (folder: string) => number | undefined;
  readonly sleep: (ms: number) => Promise<void>;
  /** Runs a function again and again, until the function that it answers is called; does not keep the process alive. */
  readonly every: (ms: number, run: () => void) => () => void;
  /** Runs a function when the work that is just arriving has arrived. */
  readonly schedule: (run: () => void) => void;
}

export const realWorld: World = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: (bytes) => randomBytes(bytes),
  uuid: () => randomUUID(),
  keyPair: () =>
    promisify(generateKeyPair)("rsa", {
      modulusLength: 2_048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }),
  freeBytes: (folder) => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  },
  sleep: (ms) => new Promise((resume) => setTimeout(resume, ms)),
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  schedule: (run) => {
    setImmediate(run);
  },
};
