/** Rule V2 over random trails: each attribute that an event shows finds the event, and no other value of it does. */
import type { FoundEvent, LookupAttributeKey } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventPages } from "../audit/event-pages.ts";
import type { PageTokens } from "../domain/page-tokens.ts";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { newCall } from "../../testing/contract/works.ts";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { eventId as eventIdOf } from "../ledger/ids.ts";
import type { Decision } from "../ledger/ledger.ts";
import { EVERY_STORE } from "../../testing/every-store.ts";
import { lookupEventsOperation } from "./lookup-events.ts";

const ACCOUNT = "444455556666";
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/oidc.example/id/A1`;

const legibleTokens: PageTokens = { seal: (_query, position) => position, open: (_query, token) => token };

/** Few names, so that users, sessions and roles share them, and roles whose names begin alike, also before a slash. */
const name = fc.constantFrom("i-0abc1234def567890", "app-0", "a", "metering", "a/b", "é", "x:y");
const sessionName = fc.constantFrom("i-0abc1234def567890", "app-0", "a", "metering", "botocore-session-1=,.@");
const roleName = fc.constantFrom("app", "app0", "app-role", "a", "A", "metering");
const subject = fc.constantFrom("system:serviceaccount:default:app", "system:serviceaccount:a:b", "somebody", "a:b");

type Who = Pick<Call, "principal" | "session">;

const user: fc.Arbitrary<Who> = name.map((userName) => ({ principal: `arn:aws:iam::${ACCOUNT}:user/${userName}` }));
const session: fc.Arbitrary<Who> = fc
  .record({ roleName, sessionName, platform: fc.constantFrom("ec2" as const, "ecs" as const, "eks" as const) })
  .map(({ platform, ...names }) => ({
    principal: `arn:aws:sts::${ACCOUNT}:assumed-role/${names.roleName}/${names.sessionName}`,
    session: { resourceId: `${platform}-1`, platform, ...(platform === "eks" ? { federatedProvider: PROVIDER } : {}) },
  }));
const webIdentity: fc.Arbitrary<Who> = subject.map((text) => ({
  principal: `${PROVIDER}:sts.amazonaws.com:${text}`,
  session: { resourceId: "eks-1", platform: "eks" as const, federatedProvider: PROVIDER },
}));
const page: fc.Arbitrary<Who> = fc.constant({ principal: "buy-page" });

const call: fc.Arbitrary<Partial<Call>> = fc
  .record({
    who: fc.oneof(user, session, webIdentity, page),
    operation: fc.constantFrom("BatchMeterUsage", "MeterUsage", "LookupEvents", "AssumeRoleWithWebIdentity"),
    accessKeyId: fc.constantFrom("AKIALOOKUP0000000001", "ASIALOOKUP0000000002", undefined),
    accountId: fc.constantFrom(ACCOUNT, ACCOUNT, ACCOUNT, "999900001111"),
  })
  .map(({ who, operation, ...same }) => ({
    ...same,
    ...who,
    operation: who.principal === "buy-page" ? "CreateAccount" : operation,
  }));
const event: fc.Arbitrary<LedgerEvent> = fc.constantFrom(
  { kind: "caller-identified" },
  { kind: "usage-metered", productCode: "a-product", records: [] },
  { kind: "call-refused", code: "InvalidTagException", message: "", compared: {}, request: { productCode: "another" } },
);

const decide = (): Decision<undefined> => ({ event: { kind: "caller-identified" }, answer: undefined });

describe.each(EVERY_STORE)("events %s", (place, open) => {
  let store: LedgerUnderTest;

  beforeEach(async () => {
    store = await open();
  });

  afterEach(() => store.remove());

  async function found(key?: LookupAttributeKey, value = "", maxResults = 50): Promise<FoundEvent[]> {
    const lookUp = lookupEventsOperation(store.ledger, legibleTokens, new EventPages(store.ledger, setImmediate));
    const lookupAttributes = key === undefined ? [] : [{ attributeKey: key, attributeValue: value }];
    const events: FoundEvent[] = [];
    let nextToken: string | undefined;
    do {
      const input = { lookupAttributes, maxResults, ...(nextToken === undefined ? {} : { nextToken }) };
      const { output } = await lookUp(
        { ...newCall(), operation: "LookupEvents", accountId: ACCOUNT, region: "us-east-1" },
        input,
      );
      events.push(...(output?.events ?? []));
      nextToken = output?.nextToken;
    } while (nextToken !== undefined);
    return events;
  }

  test("Rules V1, V3: an event id finds what lies in the range, of the caller's account only", async () => {
    const lookUp = lookupEventsOperation(store.ledger, legibleTokens, new EventPages(store.ledger, setImmediate));
    const put = async (accountId: string): Promise<string> => {
      const made = { ...newCall(), accountId };
      await store.ledger.transact({ call: made, keys: [], decide });
      return eventIdOf(made.requestId);
    };
    const find = async (value: string, range: { startTimeMs?: number; endTimeMs?: number }): Promise<number> => {
      const asking = { ...newCall(), operation: "LookupEvents", accountId: ACCOUNT, region: "us-east-1" };
      const { output } = await lookUp(asking, {
        lookupAttributes: [{ attributeKey: "EventId", attributeValue: value }],
        ...range,
      });
      return output?.events.length ?? -1;
    };
    const [own, others] = [await put(ACCOUNT), await put("999900001111")];
    const ranges = [
      {},
      { startTimeMs: START_MS, endTimeMs: START_MS },
      { startTimeMs: START_MS + 1 },
      { endTimeMs: START_MS - 1 },
    ];
    expect(await Promise.all(ranges.map((range) => find(own, range)))).toEqual([1, 1, 0, 0]);
    expect(await Promise.all(ranges.map((range) => find(others, range)))).toEqual([0, 0, 0, 0]);
  });

  test("are found by each attribute they show", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(call, event), { minLength: 1, maxLength: 12 }), async (calls) => {
        await store.remove();
        store = await open();
        for (const [over, told] of calls) {
          const made = { ...newCall(), ...over };
          await store.ledger.transact({ call: made, keys: [], decide: () => ({ event: told, answer: undefined }) });
        }
        const all = await found();
        for (const [key, shown] of Object.entries(SHOWN) as [
          LookupAttributeKey,
          (of: FoundEvent) => string | undefined,
        ][]) {
          for (const value of new Set(all.map(shown).filter((text) => text !== undefined))) {
            const meant = all.filter((of) => shown(of) === value).map(({ eventId }) => eventId);
            const those = (await found(key, value, 2)).map(({ eventId }) => eventId);
            expect(
              those.filter((id) => all.some(({ eventId }) => eventId === id)),
              `${key} ${value}`,
            ).toEqual(meant);
          }
        }
      }),
      { numRuns: place === "in PostgreSQL" ? 5 : 30 },
    );
  });
});

const SHOWN = {
  EventId: ({ eventId }: FoundEvent) => eventId,
  EventName: ({ eventName }: FoundEvent) => eventName,
  ReadOnly: ({ readOnly }: FoundEvent) => readOnly,
  Username: ({ username }: FoundEvent) => username,
  EventSource: ({ eventSource }: FoundEvent) => eventSource,
  AccessKeyId: ({ accessKeyId }: FoundEvent) => accessKeyId,
  ResourceType: ({ resources: [resource] }: FoundEvent) => resource?.resourceType,
  ResourceName: ({ resources: [resource] }: FoundEvent) => resource?.resourceName,
} satisfies Record<LookupAttributeKey, (event: FoundEvent) => string | undefined>;
