/** What differs between runtimes: hashing, sending, and what surrounds the program. One file beside this one for each. */
import type { Fetch } from "../transport/fetch.ts";
import type { Transport } from "../transport/transport.ts";

/** Some runtimes hash at once, others promise to. */
type MaybePromise<T> = T | Promise<T>;

/** What Signature Version 4 needs. `Key` is the form of a signing key that the platform's HMAC takes. */
export interface Cryptography<Key = unknown> {
  /** Lower-case hex SHA-256 of a text's UTF-8 bytes. */
  sha256Hex(text: string): MaybePromise<string>;
  /** The end of a chain of HMACs: the first text is the key to the second, what comes out to the third … */
  hmacChain(texts: readonly [string, string, ...string[]]): MaybePromise<Key>;
  hmacSha256Hex(key: Key, text: string): MaybePromise<string>;
}

/** An `Agent` of `node:http` or `node:https`. */
export interface HttpAgent {
  destroy(): unknown;
}

export interface TransportChoice {
  readonly agent?: HttpAgent | undefined;
  readonly fetch?: Fetch | undefined;
  /** Connections to one host that are open at once; by default 50. */
  readonly connectionsMax?: number | undefined;
}

/** The environment and the files of the program; nothing of the kind where there is none. */
export interface Surroundings {
  variable(name: string): string | undefined;
  /** Whether the program may run on an instance of EC2, whose metadata can be asked. */
  readonly mayBeInstance: boolean;
  /** The home directory, or undefined. */
  home(): Promise<string | undefined>;
  /** The text of a file, or undefined where there is no such file. */
  readText(path: string): Promise<string | undefined>;
}

export interface Platform {
  /** For the user agent, such as `node/24.1.0`. */
  readonly runtime: string;
  readonly cryptography: Cryptography;
  readonly surroundings: Surroundings;
  transport(choice: TransportChoice): Transport;
}
