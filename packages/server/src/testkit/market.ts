/** What a test holds: a market in this process, and everything that it can be asked to do. */
import type { Advice } from "../operator/contract/ledger/advice.ts";
import type { OperatorClient } from "../operator/client/operator-client.ts";
import type { Credentials, CustomerNames, CustomerOptions, MarketProduct, ProductOptions } from "./fixtures.ts";
import type { MarketClock } from "./market-clock.ts";
import type { MarketFaults } from "./market-faults.ts";

/** What clients of the official SDK, of this project's client and of most others are constructed with. */
export interface SdkConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

/** An access key that came with a snapshot. Its secret was made for this market. */
export interface SnapshotKey extends Credentials {
  readonly accountId: string;
  readonly userName: string;
}

/** A customer, and what a buyer does. */
export interface MarketCustomer extends CustomerNames {
  /** What the buyer's browser brings to the seller's landing page. */
  registrationToken(): Promise<string>;
  /** For good: final records are taken for one hour of the market's clock. */
  cancel(): Promise<void>;
  suspend(): Promise<void>;
  resume(): Promise<void>;
}

/** A customer who has an identifier, as one has unless the test says otherwise. */
export type IdentifiedCustomer = MarketCustomer & { readonly customerIdentifier: string };

/** What such a customer is to be. */
export type WithIdentifier = CustomerOptions & { readonly customerIdentifier?: string | undefined };

/**
 * A market of its own: the real service with a store in memory, behind real HTTP and real signatures, on a clock of its own.
 * Any number of them live side by side in a process.
 */
export interface Market extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Variables that lead every SDK and the AWS CLI here, as the market's seller. */
  readonly env: Readonly<Record<string, string>>;
  /** For clients: of a product's seller, or of the market's. */
  sdkConfig(product?: MarketProduct): SdkConfig;
  /** The access key of a product's seller, or of the market's. */
  credentials(product?: MarketProduct): Credentials;
  /** The access keys of a snapshot's users, with the secrets that they have in this market; empty without a snapshot. */
  readonly accessKeys: readonly SnapshotKey[];
  /** Makes a product. Throws an Error that says what was wrong. */
  product(options?: ProductOptions): MarketProduct;
  /** Makes an account with an agreement for a product. Throws an Error that says what was wrong. */
  customer(product: MarketProduct, options?: WithIdentifier): IdentifiedCustomer;
  /** The same for one who has no identifier: `{ customerIdentifier: null }`. */
  customer(product: MarketProduct, options: CustomerOptions): MarketCustomer;
  readonly clock: MarketClock;
  readonly faults: MarketFaults;
  /** The operator API of this market, for all else that a server can do. It needs no connection. */
  readonly operator: OperatorClient;
  /** The bearer token of its operator API, for other programs. */
  readonly operatorToken: string;
  /**
   * What a seller's program does wrong in all that was seen since the start or the last `restore()`: nothing, for one that does
   * all right. What a program may still do is not missed yet: advance the clock by 15 minutes for unprocessed records, by an hour
   * for final ones. Throws an Error where there were more calls than can be looked at.
   */
  advice(): Promise<readonly Advice[]>;
  /** What happened, a line for each call, the newest last; at most `lines` of them (50). */
  trace(lines?: number): string;
  /** Throws UnexpectedCallsError where calls were refused, and neither a fault nor the test asked for that. */
  checkCalls(): void;
  /**
   * Back to the fixtures: all that `product()` and `customer()` made is there, as it was made; what was metered, moved,
   * cancelled and broken is not, and the clock is where it began. Wait for your own calls before. Throws what
   * `checkCalls()` throws, once that is done.
   */
  restore(): Promise<void>;
  /** Ends it. Throws what `checkCalls()` throws, once that is done. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a market is to be. */
export interface MarketOptions {
  /** Where its clock begins (ISO 8601). Default: the time of day at the start. */
  readonly now?: string | Date | undefined;
  /**
   * Whether the clock stands until the test moves it (`stands`, the default), or goes on from `now` as real time does (`runs`),
   * as programs need whose own clock is the time of day. Either one can be moved forward.
   */
  readonly clock?: "stands" | "runs" | undefined;
  /** `aws`: what is over AWS's request quotas, by real time, is throttled. Default: `off`. */
  readonly quotas?: "aws" | "off" | undefined;
  /** The windows: `current` (default) takes usage for 24 hours, with a cut at the month's end; `classic` for 6. */
  readonly rules?: "classic" | "current" | undefined;
  /** A catalogue file's path, or what would stand in one. Default: none but what the test makes. */
  readonly catalogue?: string | object | undefined;
  /**
   * A file of `countinghouse snapshot save`: the market begins where that lab stood, with its catalogue, its ledger and its
   * clock, and `restore()` goes back there. In place of a catalogue. `now` may be later than the snapshot; `rules` are the
   * snapshot's unless they are given. Its access keys have new secrets: see `accessKeys`.
   */
  readonly snapshot?: string | undefined;
  /** Whether refusals that nobody asked for are errors of `restore()` and of the end (default), or nobody's business. */
  readonly unexpectedCalls?: "error" | "ignore" | undefined;
}

/** Calls were refused, and neither a fault on demand nor the test asked for that. */
export class UnexpectedCallsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnexpectedCallsError";
  }
}
