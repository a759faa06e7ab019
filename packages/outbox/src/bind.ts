/** Says whose usage a tenant's is. Bindings act on hours that are not closed; what they would have changed is told. */
import { epochMsOf, type Time } from "@countinghouse/client";
import { HOUR_MS } from "@countinghouse/protocol";
import type { Binding } from "./domain/binding.ts";
import { identityProblem, identityText, type Identity } from "./domain/identity.ts";
import { isName } from "./domain/reading.ts";
import { hourOf, readInstant, wholeSecond } from "./domain/time.ts";
import type { Entry } from "./store/rows.ts";
import type { OutboxStore } from "./store/store.ts";

export interface BindingInput extends Identity {
  readonly tenant: string;
  readonly productCode: string;
  readonly agreementId?: string | undefined;
  /** Usage from this time on; whole seconds. A text is ISO 8601 with a zone, as in `record`. */
  readonly from: Time | string;
  /** Usage before this time; by default without an end. */
  readonly until?: Time | string | undefined;
}

export function bindingOf(input: BindingInput, serviceMs: number): Binding {
  const { tenant, productCode, agreementId, from, until, customerAccountId, customerIdentifier, licenseArn } = input;
  const fail = (what: string): never => {
    throw new TypeError(`The binding of ${JSON.stringify(tenant)} ${what}.`);
  };
  if (typeof tenant !== "string" || !isName(tenant)) fail("needs a tenant of 1 to 255 characters");
  if (typeof productCode !== "string" || productCode === "") fail("needs a productCode");
  const problem = identityProblem({ customerAccountId, customerIdentifier, licenseArn });
  if (problem !== undefined) fail(problem);
  const instantOf = (member: string, time: Time | string): number => {
    if (typeof time !== "string") return epochMsOf(time);
    const atMs = readInstant(time);
    return (
      atMs ?? fail(`has ${member}: ${JSON.stringify(time)}; expected a time with a zone, such as 2026-11-29T10:15:00Z`)
    );
  };
  const fromMs = wholeSecond(instantOf("from", from));
  const untilMs = until === undefined ? undefined : instantOf("until", until);
  if (untilMs !== undefined && untilMs <= fromMs) fail("ends before it begins");
  const identity = identityText(productCode, { customerAccountId, customerIdentifier, licenseArn });
  const endToldMs = untilMs === undefined ? undefined : Math.max(serviceMs, untilMs);
  return { tenant, productCode, identity, agreementId, fromMs, untilMs, endToldMs };
}

/** Appends bindings; answers the entries of hours that they touch and that were made before: those stay as they are. */
export async function bind(
  store: OutboxStore,
  bindings: readonly Binding[],
  machineMs: number,
): Promise<readonly Entry[]> {
  await store.transact((transaction) => transaction.addBindings(bindings, machineMs));
  const touched: Entry[] = [];
  for (const { tenant, productCode, identity, fromMs, untilMs } of bindings) {
    const others = await store.bindings({ tenant, productCode });
    const identities = new Set([identity, ...others.map((other) => other.identity)]);
    for (const one of identities) {
      const hours = untilMs === undefined ? {} : { untilHourMs: hourOf(untilMs) + HOUR_MS };
      touched.push(...(await store.entries({ identity: one, fromHourMs: hourOf(fromMs), ...hours, limit: 1_000 })));
    }
  }
  return touched.filter(({ state }) => state !== "dissolved" && state !== "gathering");
}
