/** The client that is held to the suite, as the suite sees it: a function that makes one call. */
import type { Credentials } from "../fixtures.ts";

/** The operations that a client can be held to. */
export type ConformanceOperation =
  | "BatchMeterUsage"
  | "MeterUsage"
  | "RegisterUsage"
  | "ResolveCustomer"
  | "GetEntitlements";

/** A key, and the session token where the key is a temporary one. */
export interface ConformanceCredentials extends Credentials {
  readonly sessionToken?: string;
}

/** One call that the client is to make. It is plain JSON. */
export interface ConformanceCall {
  readonly operation: ConformanceOperation;
  /** Members as the service model spells them. Times are texts in ISO 8601, which the subject turns into what its client takes. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Where the request goes, such as `http://127.0.0.1:40123`. */
  readonly endpoint: string;
  /** The region that the request is signed for. */
  readonly region: string;
  readonly credentials: ConformanceCredentials;
}

/**
 * What the client told its caller. Members of `output` are spelt as the service model spells them; a time is a Date, a text in
 * ISO 8601, or a number of seconds since the epoch.
 */
export type ConformanceAnswer =
  | { readonly output: Readonly<Record<string, unknown>> }
  | {
      readonly error: {
        readonly name: string;
        readonly message?: string | undefined;
        /** What the answer had in `x-amzn-RequestId`, where the client tells it. */
        readonly requestId?: string | undefined;
      };
    };

/** Makes one call, as its users make it, and answers what they are told. What it throws counts as a failure of the subject. */
export type ConformanceSubject = (call: ConformanceCall) => Promise<ConformanceAnswer>;
