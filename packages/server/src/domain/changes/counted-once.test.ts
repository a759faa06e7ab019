/** Whatever is changed of agreements, in whatever order, no use counts under two names of one kind. Rules G6 to G8 and K8. */
import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Agreement } from "../catalogue/agreement.ts";
import { Catalogue, type CatalogueChange } from "../catalogue/catalogue.ts";
import { decideBatchMeterUsage, keysOf } from "../decide/batch-meter-usage.ts";
import {
  ANNAS_ACCOUNT,
  LOGS,
  NOW_MS,
  PRODUCTS,
  REGION,
  SELLER,
  agreement,
  factsOf,
  licence,
  putAgreement,
} from "../../../testing/market.ts";
import { settledChanges } from "./settled-changes.ts";

const MINUTE_MS = 60_000;
/** Times that matter: around hours' edges, and around the furthest that usage may lie ahead of the clock. */
const minutes = fc
  .integer({ min: -180, max: 240 })
  .chain((minute) => fc.constantFrom(minute, Math.round(minute / 60) * 60 + 30, minute - (minute % 15)));
const identifier = fc.constantFrom(undefined, "anna", "anja", "anne");
const licensed = fc.constantFrom(undefined, 1, 2, 3, 4);
const nth = fc.nat({ max: 4 });

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      identifier,
      licensed,
      start: minutes,
      lasts: fc.option(minutes),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      old: nth,
      identifier,
      licensed,
      start: fc.option(minutes),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), of: nth, at: minutes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("start" as const), of: nth, at: minutes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), of: nth }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), minutes: fc.constantFrom(1, 14, 15, 16, 30, 60) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Shop {
  readonly catalogue = new Catalogue(PRODUCTS);
  nowMs = NOW_MS;
  made = 0;

  take(taken: Step): void {
    const at = (offset: number): number => this.nowMs + offset * MINUTE_MS;
    const all = this.catalogue.list("agreement");
    const nthOf = (n: number): Agreement | undefined => all[n % Math.max(1, all.length)];
    switch (taken.kind) {
      case "add":
        return this.#put(
          this.#made(taken, at(taken.start), {
            endsAtMs: taken.lasts === null ? undefined : at(taken.start) + (Math.abs(taken.lasts) + 1) * MINUTE_MS,
          }),
        );
      case "replace": {
        const startsAtMs = Math.ceil(at(taken.start ?? 16) / HOUR_MS) * HOUR_MS;
        return this.#put(this.#made(taken, startsAtMs, { replaces: nthOf(taken.old)?.agreementId ?? "nothing" }));
      }
      case "end":
      case "start": {
        const before = nthOf(taken.of);
        if (before === undefined) return undefined;
        const after = { ...before, [taken.kind === "end" ? "endsAtMs" : "startsAtMs"]: at(taken.at) };
        return after.startsAtMs < (after.endsAtMs ?? Infinity) ? this.#put(after) : undefined;
      }
      case "cancel": {
        const before = nthOf(taken.of);
        return before === undefined || before.cancelledAtMs !== undefined
          ? undefined
          : this.#put({ ...before, cancelledAtMs: this.nowMs });
      }
      case "wait":
        this.nowMs = at(taken.minutes);
    }
  }

  #made(
    names: { readonly identifier?: string | undefined; readonly licensed?: number | undefined },
    startsAtMs: number,
    over: Partial<Agreement>,
  ): Agreement {
    this.made += 1;
    const licenseArn = names.licensed === undefined ? undefined : licence(`${this.made}`);
    return agreement(`agmt-${this.made}`, { customerIdentifier: names.identifier, licenseArn, startsAtMs, ...over });
  }

  #put(value: Agreement): void {
    const asked: CatalogueChange[] = [putAgreement(value)];
    const { changes, problems } = settledChanges(asked, this.catalogue, this.nowMs);
    if (problems.length === 0) this.catalogue.apply(changes);
  }
}

/** Sends the use of every hour under every name that exists by now; records under which names each was accepted. */
function meterAll({ catalogue, nowMs }: Shop, taken: Map<string, Set<string>>): void {
  const agreements = catalogue.list("agreement");
  const ways = [...new Set(agreements.flatMap(({ customerIdentifier: id }) => (id === undefined ? [] : [id])))].map(
    (name) => ({ kind: "identifier", name, who: { customerIdentifier: name }, productCode: LOGS }),
  );
  const licences = agreements.flatMap(({ licenseArn }) =>
    licenseArn === undefined
      ? []
      : [
          {
            kind: firstOf(licenseArn, catalogue),
            name: licenseArn,
            who: { customerAccountId: ANNAS_ACCOUNT, licenseArn },
            productCode: undefined,
          },
        ],
  );
  for (const { kind, name, who, productCode } of [...ways, ...licences]) {
    for (let timestampMs = nowMs - 5 * HOUR_MS; timestampMs <= nowMs + 15 * MINUTE_MS; timestampMs += 15 * MINUTE_MS) {
      const usageRecords = [{ timestampMs, dimension: "gb", quantity: 1, ...who }];
      const input = productCode === undefined ? { usageRecords } : { productCode, usageRecords };
      const request = { callerAccountId: SELLER, region: REGION, input };
      const decision = decideBatchMeterUsage(request, keysOf(request), factsOf({ catalogue, nowMs }));
      if (decision.rejected !== undefined || decision.accepted.length === 0) continue;
      const use = `${kind} ${new Date(Math.floor(timestampMs / HOUR_MS) * HOUR_MS).toISOString()}`;
      taken.set(use, (taken.get(use) ?? new Set()).add(name));
    }
  }
}

/** The licences of an agreement and of its replacement are names of one kind; concurrent agreements have their own uses. */
function firstOf(licenseArn: string, catalogue: Catalogue): string {
  let first = catalogue.agreementByLicense(licenseArn);
  while (first?.replaces !== undefined) first = catalogue.agreement(first.replaces);
  return first?.agreementId ?? "";
}

test("of any changes of agreements, however they follow each other, none makes a use count twice", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 9, size: "max" }), (steps) => {
      const shop = new Shop();
      const taken = new Map<string, Set<string>>();
      for (const one of steps) {
        shop.take(one);
        meterAll(shop, taken);
      }
      for (const [use, names] of taken) expect([...names], use).toHaveLength(1);
    }),
    { numRuns: 1000 },
  );
});
