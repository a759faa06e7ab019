/** Time-outs of every size: what timers cannot wait, and what is no time at all. Every form of a call answers. */
import type { CallOptions, MarketplaceMeteringClient, Outcome, TransportRequest } from "@countinghouse/client";
import { describe, expect, test } from "vitest";
import { clientOf } from "../support/client.ts";

const LONGEST_MS = 2 ** 31 - 1;
const input = { registrationToken: "x" };

/** A transport that answers at once, and remembers how long it was given. */
function answering() {
  const requests: TransportRequest[] = [];
  const send = (request: TransportRequest) => {
    requests.push(request);
    return Promise.resolve({ status: 200, header: () => undefined, text: '{"ProductCode":"p"}' });
  };
  return { requests, transport: { send, close: () => undefined } };
}

type Form = (client: MarketplaceMeteringClient, options?: CallOptions) => Promise<Outcome<unknown>>;
const forms: readonly (readonly [string, Form])[] = [
  ["Outcome", (client, options) => client.resolveCustomerOutcome(input, options)],
  ["Callable", (client, options) => client.resolveCustomerCallable(input, options)],
  [
    "Async",
    (client, options) =>
      new Promise((resolve) =>
        client.resolveCustomerAsync(input, (_client, _input, outcome) => resolve(outcome), undefined, options),
      ),
  ],
];

describe.each(forms)("as %s,", (_form, call) => {
  test.each([Number.NaN, "100" as unknown as number])("%j is no time-out, of the client or of a call", async (ms) => {
    const { requests, transport } = answering();
    for (const name of ["callTimeoutMs", "attemptTimeoutMs"] as const) {
      const message = `${name} must be a number of milliseconds; it is ${ms}.`;
      expect(await call(clientOf("http://127.0.0.1:9", { transport }), { [name]: ms })).toMatchObject({
        error: { name: "InvalidInputError", message, operation: "ResolveCustomer" },
      });
    }
    for (const name of ["callTimeoutMs", "attemptTimeoutMs", "connectTimeoutMs"] as const) {
      expect(await call(clientOf("http://127.0.0.1:9", { transport, [name]: ms }))).toMatchObject({
        error: { name: "ConfigurationError", operation: "ResolveCustomer" },
      });
    }
    expect(requests).toEqual([]);
  });

  test.each([0, -1, -0.5, Number.NEGATIVE_INFINITY])("a call with %d ms has run out of time", async (callTimeoutMs) => {
    const { requests, transport } = answering();
    expect(await call(clientOf("http://127.0.0.1:9", { transport }), { callTimeoutMs })).toMatchObject({
      error: { name: "TimeoutError", message: "The call took longer than 0 ms.", attempts: 0, mayHaveSucceeded: false },
    });
    expect(requests).toEqual([]);
  });

  test.each([10_000.5, LONGEST_MS + 1, 2 ** 53, Number.POSITIVE_INFINITY])(
    "a call with %d ms has its time",
    async (callTimeoutMs) => {
      const { transport } = answering();
      expect(await call(clientOf("http://127.0.0.1:9", { transport }), { callTimeoutMs })).toMatchObject({ ok: true });
    },
  );
});

test("a transport is given times that a timer can wait", async () => {
  const { requests, transport } = answering();
  const client = clientOf("http://127.0.0.1:9", { transport, connectTimeoutMs: 2 ** 31 });
  for (const attemptTimeoutMs of [Number.POSITIVE_INFINITY, 2 ** 31, 1.5, -5]) {
    expect(await client.resolveCustomer(input, { attemptTimeoutMs })).toMatchObject({ productCode: "p" });
  }
  expect(requests.map(({ timeoutMs }) => timeoutMs)).toEqual([LONGEST_MS, LONGEST_MS, 2, 0]);
  expect(requests[0]?.connectTimeoutMs).toBe(LONGEST_MS);
});
