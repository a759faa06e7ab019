/** What differs between runtimes: hashing, sending, and the program's surroundings. Each runtime has a file beside this one. */
import type { Fetch } from "../transport/fetch.ts";
import type { Transport } from "../transport/transport.ts";

/** Some runtimes hash synchronously, others asynchronously. */
type MaybePromise<T> = T | Promise<T>;

/** What Signature Version 4 needs. `Key` is the form of a signing key that the platform's HMAC takes. */
export interface Cryptography<Key = unknown> {
  /** Lower-case hex SHA-256 of a text's UTF-8 bytes. */
  sha256Hex(text: string): MaybePromise<string>;
  /** The end of a chain of HMACs: the first text is the key for the second, the result is the key for the third, and so on. */
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
  /** How many connections to one host may be open at once; by default 50. */
  readonly connectionsMax?: number | undefined;
}

/** The environment and the files of the program; empty where the runtime has none. */
export interface Surroundings {
  variable(name: string): string | undefined;
  /** Whether the program may run on an EC2 instance, whose metadata can be read. */
  readonly mayBeInstance: boolean;
  /** The home directory; undefined where there is none. */
  home(): Promise<string | undefined>;
  /** The text of a file; undefined where there is no such file. */
  readText(path: string): Promise<string | undefined>;
}

export interface Platform {
  /** The runtime's name for the user agent, such as `node/24.1.0`. */
  readonly runtime: string;
  readonly cryptography: Cryptography;
  readonly surroundings: Surroundings;
  transport(choice: TransportChoice): Transport;
}
