/** Tracing that fails: its processors and propagators are the program's own, and may throw. The call is what it was. */
import type { ClientConfiguration } from "@countinghouse/client";
import { describe, expect, test } from "vitest";
import { clientOf } from "../support/client.ts";
import { listen } from "../support/listener.ts";

type OpenTelemetry = Exclude<ClientConfiguration["openTelemetry"], false | undefined>;

const PARTS = ["getTracer", "startSpan", "setSpan", "with", "inject", "setAttributes", "setStatus", "end"] as const;
type Part = (typeof PARTS)[number];

/** Spans that say nothing, and one part that throws: at its first use, or only after so many. */
function tracing(broken: Part, fine: number, headers: Readonly<Record<string, string>> = {}): OpenTelemetry {
  const uses = new Map<Part, number>();
  const use = (part: Part): void => {
    uses.set(part, (uses.get(part) ?? 0) + 1);
    if (part === broken && (uses.get(part) ?? 0) > fine) throw new Error(`${part} failed`);
  };
  const span = {
    setAttributes: () => use("setAttributes"),
    setStatus: () => use("setStatus"),
    end: () => use("end"),
  };
  return {
    trace: {
      getTracer: () => {
        use("getTracer");
        return { startSpan: () => (use("startSpan"), span) };
      },
      setSpan: () => use("setSpan"),
    },
    context: { active: () => undefined, with: (_context, run) => (use("with"), run()) },
    propagation: {
      inject: (_context, carrier: Record<string, string>) => {
        use("inject");
        Object.assign(carrier, headers);
      },
    },
  };
}

const record = {
  timestamp: new Date(),
  customerIdentifier: "customer",
  dimension: "gb",
  quantity: 1,
};
const input = { productCode: "product", usageRecords: [record] };

describe.each([0, 1])("whichever part of tracing throws, after %i uses of it", (fine) => {
  test.each(PARTS)("%s: a call that succeeds does, is made once, and never rejects", async (part) => {
    const listener = await listen(() => ({ body: { Results: [], UnprocessedRecords: [] } }));
    const client = clientOf(listener.url, { openTelemetry: tracing(part, fine) });
    expect(await client.batchMeterUsageOutcome(input)).toMatchObject({ ok: true, metadata: { attempts: 1 } });
    expect(listener.heard).toHaveLength(1);
  });

  test.each(PARTS)("%s: a call that fails does so by its own error", async (part) => {
    const listener = await listen(() => ({ status: 400, body: { __type: "InvalidProductCodeException" } }));
    const client = clientOf(listener.url, { openTelemetry: tracing(part, fine) });
    const outcome = await client.batchMeterUsageOutcome(input);
    expect(outcome).toMatchObject({ ok: false, error: { name: "InvalidProductCodeException", attempts: 1 } });
  });
});

test("a header of a propagator that none may be is left out, and the others are sent", async () => {
  const listener = await listen(() => ({ body: { Results: [], UnprocessedRecords: [] } }));
  const headers = { traceparent: "00-1-1-01", baggage: "a=b\r\nx-forged: yes", "X-Tenant": "acme" };
  const client = clientOf(listener.url, { openTelemetry: tracing("end", 9, headers) });
  await client.batchMeterUsage(input);
  expect(listener.heard[0]?.headers).toMatchObject({ traceparent: "00-1-1-01", "x-tenant": "acme" });
  expect(listener.heard[0]?.headers).not.toHaveProperty("baggage");
  expect(listener.heard[0]?.headers).not.toHaveProperty("x-forged");
});
