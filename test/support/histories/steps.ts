/**
 * The steps of a history as random choices. A choice names its record, agreement or border by a number only; `drafts.ts` finds
 * which one that is when the step is played.
 */
import * as fc from "fast-check";
import { ALLOCATION_FLAWS, FLAWS, type Flaw } from "./flaws.ts";

/** How a new agreement names its customer. */
export interface Names {
  readonly identifier: "same" | "new" | "none";
  readonly licence: "new" | "none";
}

/** A time relative to the clock: an age, or a border of the rules and a millisecond to either side. */
export type When =
  | { readonly agoMs: number }
  | {
      readonly border: "hour" | "window" | "ahead" | "month" | "agreement";
      readonly nth: number;
      readonly offMs: number;
    };

/** How much was used: a quantity or none, or the parts of its allocations. */
export type Amount = { readonly quantity?: number | undefined } | { readonly parts: readonly number[] };

export interface RecordChoice {
  /** `latest`: the customer of the agreement that was changed last, if it is for the request's product. */
  readonly by: "identifier" | "account" | "latest";
  readonly customer: number;
  readonly dimension: "gb" | "calls";
  readonly agoMs: number;
  readonly amount: Amount;
}

export interface NewRequest {
  readonly kind: "new";
  readonly productCode: "logs" | "traces";
  readonly licensed: boolean;
  readonly region: string;
  readonly records: readonly RecordChoice[];
  /** Records with a time of their own. */
  readonly times: readonly { readonly record: number; readonly when: When }[];
  readonly flaws: readonly Flaw[];
}

/**
 * An earlier request, or some of its records, unchanged or changed in one way. `latest` chooses among what was sent under the
 * agreement that was changed last, `customer` among what was sent of its customer under any name.
 */
export interface Again {
  readonly kind: "again";
  readonly stepsBack: number;
  readonly take: readonly boolean[] | "latest" | "customer";
  readonly changed: "nothing" | "quantity" | "minute" | "order" | "split" | "region" | "names";
}

/** The protocol of a request. Nothing else may depend on it. */
export type Protocol = "json" | "cbor";

export type Step =
  /** Requests that are sent at the same time, each in the protocol at its index. */
  | {
      readonly kind: "send";
      readonly requests: readonly (NewRequest | Again)[];
      readonly protocols: readonly Protocol[];
    }
  | { readonly kind: "clock"; readonly to: { readonly seconds: number } | ClockBorder }
  | { readonly kind: "act"; readonly action: "cancel" | "suspend" | "resume"; readonly agreement: number }
  | { readonly kind: "expire"; readonly agreement: number; readonly when: When }
  | { readonly kind: "start"; readonly agreement: number; readonly when: When }
  | {
      readonly kind: "subscribe";
      readonly like: number;
      readonly names: Names;
      readonly startsInMs: number;
      readonly lastsMs?: number | undefined;
    }
  /** Begins this many hours after the start of the old agreement. */
  | {
      readonly kind: "replace";
      readonly agreement: number;
      readonly names: Names;
      readonly hours: number;
      readonly offMs: number;
    }
  | { readonly kind: "rename"; readonly agreement: number; readonly member: "product" | "account" | keyof Names }
  | { readonly kind: "restart"; readonly how: "SIGTERM" | "SIGKILL" };

export interface ClockBorder {
  readonly border: "hour" | "month" | "agreement" | "window";
  readonly nth: number;
  readonly offMs: number;
}

export interface History {
  /** How many hours before the end of a month the history begins. */
  readonly hoursLeft: number;
  readonly steps: readonly Step[];
}

const MINUTES = 60_000;
const aside = fc.constantFrom(-1, 0, 0, 1);
const nth = fc.nat({ max: 30 });
/** Counted back from the agreement that was changed last, because what has just changed matters most. */
const agreement = fc.oneof(fc.constant(0), nth);

const when: fc.Arbitrary<When> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ agoMs: fc.integer({ min: -20 * MINUTES, max: 25 * 60 * MINUTES }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      border: fc.constantFrom("hour", "window", "ahead", "month", "agreement", "agreement"),
      nth,
      offMs: aside,
    }),
  },
);

/** When an agreement ends: mostly so that its final hour goes on, has just ended, or is still to come. */
const end: fc.Arbitrary<When> = fc.oneof(
  when,
  fc.record({ agoMs: fc.constantFrom(-10, 30, 59, 60, 61, 120).map((minutes) => minutes * MINUTES) }),
);

const amount: fc.Arbitrary<Amount> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ quantity: fc.constantFrom(undefined, 0, 1, 1, 1, 2) }) },
  { weight: 1, arbitrary: fc.record({ parts: fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 3 }) }) },
);

const record: fc.Arbitrary<RecordChoice> = fc.record({
  by: fc.constantFrom("identifier", "account", "latest"),
  customer: fc.nat({ max: 11 }),
  dimension: fc.constantFrom("gb", "gb", "calls"),
  agoMs: fc.nat({ max: 150 * MINUTES }),
  amount,
});

/** Where a request has several flaws, the order of refusals says which one is answered. */
const flawsOf = (flaws: readonly Flaw["flaw"][], maxLength: number): fc.Arbitrary<Flaw[]> =>
  fc.array(fc.record({ flaw: fc.constantFrom(...flaws), record: nth }), { minLength: 1, maxLength, size: "max" });

const newRequest: fc.Arbitrary<NewRequest> = fc.record({
  kind: fc.constant("new"),
  productCode: fc.constantFrom("logs", "logs", "traces"),
  licensed: fc.constantFrom(false, false, true),
  region: fc.constantFrom("us-east-1", "us-east-1", "us-east-1", "eu-west-1"),
  records: fc.oneof(
    { weight: 4, arbitrary: fc.array(record, { maxLength: 4, size: "max" }) },
    { weight: 1, arbitrary: fc.array(record, { minLength: 5, maxLength: 25, size: "max" }) },
  ),
  times: fc.oneof(fc.constant([]), fc.array(fc.record({ record: nth, when }), { minLength: 1, maxLength: 2 })),
  flaws: fc.oneof(
    { weight: 8, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: flawsOf(FLAWS, 1) },
    { weight: 1, arbitrary: flawsOf(FLAWS, 3) },
    { weight: 1, arbitrary: flawsOf(ALLOCATION_FLAWS, 3) },
  ),
});

const again: fc.Arbitrary<Again> = fc.record({
  kind: fc.constant("again"),
  stepsBack: fc.oneof(fc.nat({ max: 2 }), fc.nat({ max: 60 })),
  take: fc.oneof(fc.constant([]), fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }), fc.constant("latest")),
  changed: fc.constantFrom("nothing", "nothing", "quantity", "minute", "order", "split", "region", "names"),
});

/** Usage of the last changed agreement's customer, under that agreement's names. */
const underNewNames: fc.Arbitrary<Again> = fc.record({
  kind: fc.constant("again"),
  stepsBack: fc.nat({ max: 2 }),
  take: fc.constant("customer"),
  changed: fc.constant("names"),
});

const request = fc.oneof(
  { weight: 6, arbitrary: newRequest },
  { weight: 4, arbitrary: again },
  { weight: 4, arbitrary: underNewNames },
);

const protocol = fc.constantFrom<Protocol>("json", "cbor");
const protocols = fc.tuple(protocol, protocol, protocol);

const clock: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("clock"),
  to: fc.oneof(
    { weight: 3, arbitrary: fc.record({ seconds: fc.nat({ max: 1_800 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        border: fc.constantFrom("hour", "agreement", "agreement", "window", "month"),
        nth,
        offMs: aside,
      }),
    },
  ),
});

const names: fc.Arbitrary<Names> = fc.record({
  identifier: fc.constantFrom("same", "new", "new", "none"),
  licence: fc.constantFrom("new", "new", "none"),
});

const replace: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("replace"),
  agreement,
  names,
  hours: fc.constantFrom(1, 1, 1, 2, 2, 3, 0),
  offMs: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1),
});

const rename: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("rename"),
  agreement,
  member: fc.constantFrom("product", "account", "identifier", "licence"),
});

const subscribe: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("subscribe"),
  like: nth,
  names: fc.oneof(fc.constant({ identifier: "same", licence: "new" } as const), names),
  startsInMs: fc.constantFrom(-150 * MINUTES, -60 * MINUTES, 0, 0, 10 * MINUTES),
  lastsMs: fc.constantFrom(undefined, undefined, 90 * MINUTES),
});

/** Histories of up to `stepsMax` steps, with or without restarts of the server. */
export function historyOf(stepsMax: number, { restarts }: { readonly restarts: boolean }): fc.Arbitrary<History> {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 48,
      arbitrary: fc.record({ kind: fc.constant("send"), requests: fc.tuple(request), protocols }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("send"),
        requests: fc.array(request, { minLength: 2, maxLength: 3 }),
        protocols,
      }),
    },
    { weight: 12, arbitrary: clock },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("act"),
        action: fc.constantFrom("cancel", "suspend", "resume"),
        agreement,
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("expire"), agreement, when: end }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("start"), agreement, when: end }) },
    { weight: 5, arbitrary: subscribe },
    { weight: 7, arbitrary: replace },
    { weight: 1, arbitrary: rename },
    ...(restarts
      ? [{ weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), how: fc.constantFrom("SIGTERM", "SIGKILL") }) }]
      : []),
  ); // prettier-ignore
  return fc.record({
    hoursLeft: fc.nat({ max: 29 }),
    steps: fc.noBias(fc.array(step, { minLength: 1, maxLength: stepsMax, size: "max" })),
  });
}
