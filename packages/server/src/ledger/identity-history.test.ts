import { expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import type { LedgerEntry } from "./entry.ts";
import { IdentityHistory, identityNotes } from "./identity-history.ts";

type Names = Readonly<Record<string, string | undefined>>;

function put(
  kind: "agreement" | "product" | "account",
  id: string,
  atMs: number,
  names: Names | undefined,
): LedgerEntry {
  const change = names === undefined ? ({ action: "removed" } as const) : ({ action: "put", value: names } as const);
  return { atMs, call: newCall(), event: { kind: "catalogue-changed", changes: [{ kind, id, ...change }] } };
}

function historyOf(entries: readonly LedgerEntry[]): IdentityHistory {
  const history = new IdentityHistory();
  for (const entry of entries) history.see(entry);
  return history;
}

const A = { productCode: "p", customerAccountId: "1", customerIdentifier: "anna" };
const ENTRIES = [
  put("agreement", "a", 1_000, A),
  put("agreement", "a", 2_000, { ...A, title: "of no matter" }),
  put("agreement", "a", 3_000, { ...A, customerIdentifier: "anne" }),
  put("agreement", "a", 3_500, undefined),
  put("agreement", "a", 4_000, { ...A, licenseArn: "l" }),
  put("agreement", "b", 1_500, A),
  put("product", "p", 1_000, { seller: "1", type: "saas" }),
  put("product", "p", 2_500, { seller: "2", type: "saas" }),
  put("account", "1", 1_000, { seller: "1" }),
  put("account", "1", 2_000, { seller: "2" }),
];

test("what was changed of names is told member by member, in the order of time, in whichever order it is read", () => {
  const changes = [
    { kind: "product", id: "p", member: "seller", atMs: 2_500, from: "1", to: "2" },
    { kind: "agreement", id: "a", member: "customerIdentifier", atMs: 3_000, from: "anna", to: "anne" },
    { kind: "agreement", id: "a", member: "customerIdentifier", atMs: 4_000, from: "anne", to: "anna" },
    { kind: "agreement", id: "a", member: "licenseArn", atMs: 4_000, from: undefined, to: "l" },
  ];
  expect(historyOf(ENTRIES).changes()).toEqual(changes);
  expect(historyOf(ENTRIES.toReversed()).changes()).toEqual(changes);
});

test("of what had other names at other times, all of them are told, each with its time", () => {
  const a = { ...A, licenseArn: undefined };
  expect(historyOf(ENTRIES).inTime()).toEqual([
    { kind: "agreement", id: "a", names: a, fromMs: Number.NEGATIVE_INFINITY, untilMs: 3_000 },
    { kind: "agreement", id: "a", names: { ...a, customerIdentifier: "anne" }, fromMs: 3_000, untilMs: 4_000 },
    { kind: "agreement", id: "a", names: { ...A, licenseArn: "l" }, fromMs: 4_000, untilMs: Number.POSITIVE_INFINITY },
    {
      kind: "product",
      id: "p",
      names: { seller: "1", type: "saas" },
      fromMs: Number.NEGATIVE_INFINITY,
      untilMs: 2_500,
    },
    {
      kind: "product",
      id: "p",
      names: { seller: "2", type: "saas" },
      fromMs: 2_500,
      untilMs: Number.POSITIVE_INFINITY,
    },
  ]);
});

test("as sentences; and where nothing was changed, there are none", () => {
  expect(identityNotes(historyOf(ENTRIES))?.slice(2)).toEqual([
    "The customerIdentifier of agreement a was changed at 1970-01-01T00:00:04.000Z: from anne to anna.",
    "The licenseArn of agreement a was changed at 1970-01-01T00:00:04.000Z: from none to l.",
  ]);
  expect(identityNotes(historyOf([put("agreement", "a", 1_000, A)]))).toBeUndefined();
});
