/** What may happen to an outbox: a history is a list of these. */
import { array, constantFrom, integer, oneof, option, record, type Arbitrary } from "fast-check";
import type { Happening } from "./service.ts";

export type Step =
  | {
      readonly step: "record";
      readonly tenant: string;
      readonly meter: string;
      readonly quantity: string;
      readonly minutesAgo: number;
      readonly tags: number;
      readonly again: "no" | "same" | "other";
    }
  | {
      readonly step: "bind";
      readonly tenant: string;
      readonly account: number;
      readonly licence: number | null;
      readonly minutesAgo: number;
      readonly minutesLong: number | null;
    }
  /** One tenant leaves; the other one of its account goes on. */
  | { readonly step: "part"; readonly leaves: "t-0" | "t-1"; readonly quantity: string }
  | { readonly step: "leave"; readonly account: number }
  | { readonly step: "suspend" | "resume"; readonly account: number }
  | { readonly step: "rename" }
  | { readonly step: "pass"; readonly minutes: number }
  | { readonly step: "skew"; readonly minutes: number }
  | {
      readonly step: "run";
      readonly sender: number;
      /** Minutes that pass before it. */
      readonly after: number;
      readonly script: readonly Happening[];
      readonly crash: { readonly point: string; readonly nth: number } | null;
    }
  | { readonly step: "stopped"; readonly script: readonly Happening[]; readonly held: "held before" | "held after" }
  | { readonly step: "restart"; readonly sender: number }
  | { readonly step: "resolve" }
  | { readonly step: "dissolve" };

const POINTS = [
  "run-begun",
  "readings-assigned",
  "entry-frozen",
  "entry-dissolved",
  "readings-released",
  "late-ended",
  "attempts-begun",
  "answered",
  "attempts-ended",
  "settled",
] as const;

const HAPPENINGS: readonly Happening[] = [
  "fine",
  "fine",
  "lost before",
  "lost after",
  "fault after",
  "throttled",
  "unprocessed",
  "half unprocessed",
];

const tenant = constantFrom("t-0", "t-1", "t-2", "t-3");
const account = integer({ min: 0, max: 2 });
const script = array(constantFrom(...HAPPENINGS), { maxLength: 4 });
const minutesAgo = oneof(
  { weight: 4, arbitrary: integer({ min: 0, max: 90 }) },
  { weight: 1, arbitrary: integer({ min: 0, max: 2_000 }) },
);

const recording: Arbitrary<Step> = record({
  step: constantFrom("record" as const),
  tenant,
  meter: constantFrom("gb", "gb", "seats"),
  quantity: oneof(
    { weight: 20, arbitrary: constantFrom("1", "2", "3000", "0.5", "1500.25", "-1", "-0.75", "-4000", "0", "999") },
    {
      weight: 1,
      arbitrary: constantFrom("0.000000000000000001", "3000000000000", "9".repeat(21), `-${"9".repeat(21)}`),
    },
  ),
  minutesAgo,
  tags: integer({ min: 0, max: 3 }),
  again: constantFrom("no" as const, "no" as const, "no" as const, "same" as const, "other" as const),
});

const STEPS: readonly { readonly weight: number; readonly arbitrary: Arbitrary<Step> }[] = [
  { weight: 12, arbitrary: recording },
  {
    weight: 2,
    arbitrary: record({
      step: constantFrom("bind" as const),
      tenant,
      account,
      licence: option(integer({ min: 0, max: 1 }), { nil: null }),
      minutesAgo,
      minutesLong: option(integer({ min: 1, max: 300 }), { nil: null }),
    }),
  },
  { weight: 1, arbitrary: record({ step: constantFrom("leave" as const), account }) },
  {
    weight: 1,
    arbitrary: record({
      step: constantFrom("part" as const),
      leaves: constantFrom("t-0" as const, "t-1" as const),
      quantity: constantFrom("1", "2"),
    }),
  },
  { weight: 1, arbitrary: record({ step: constantFrom("suspend" as const, "resume" as const), account }) },
  { weight: 1, arbitrary: constantFrom({ step: "rename" } as const) },
  {
    weight: 6,
    arbitrary: record({
      step: constantFrom("pass" as const),
      minutes: constantFrom(1, 5, 20, 35, 60, 61, 240, 700, 1_500),
    }),
  },
  { weight: 1, arbitrary: record({ step: constantFrom("skew" as const), minutes: integer({ min: -600, max: 600 }) }) },
  {
    weight: 9,
    arbitrary: record({
      step: constantFrom("run" as const),
      after: constantFrom(0, 5, 31, 75, 75),
      sender: integer({ min: 0, max: 1 }),
      script,
      crash: option(record({ point: constantFrom(...POINTS), nth: integer({ min: 0, max: 2 }) }), {
        freq: 3,
        nil: null,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      step: constantFrom("stopped" as const),
      script,
      held: constantFrom("held before" as const, "held after" as const),
    }),
  },
  { weight: 1, arbitrary: record({ step: constantFrom("restart" as const), sender: integer({ min: 0, max: 1 }) }) },
  { weight: 1, arbitrary: constantFrom({ step: "resolve" } as const) },
  { weight: 1, arbitrary: constantFrom({ step: "dissolve" } as const) },
];

export const history: Arbitrary<readonly Step[]> = array(oneof(...STEPS), {
  minLength: 10,
  maxLength: 60,
  size: "max",
});
