/**
 * The client as it is built, on whatever runtime runs this file: plain JavaScript, no test framework. What it needs comes
 * in the environment (runtimes.test.ts). Prints a line for each case; ends with 1 if any failed.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { MarketplaceMeteringClient, isMeteringError, startOfHour, verifyRegistration } from "@countinghouse/client";

const given = JSON.parse(process.env.COUNTINGHOUSE_SUITE);
const { endpoint, trouble, productCode, credentials } = given;
const HOUR_MS = 3_600_000;
const usage = (hoursAgo, dimension = "gb_ingested", quantity = 3) => ({
  timestamp: new Date(given.nowMs - hoursAgo * HOUR_MS),
  customerIdentifier: "demoCustomer1",
  dimension,
  quantity,
});
/** Closed at the end of the case: Node 20 cannot parse `await using`. */
const open = [];
const clientOf = (configuration) => {
  const client = new MarketplaceMeteringClient(configuration);
  open.push(client);
  return client;
};
const clientAt = (url, more = {}) => clientOf({ region: "us-east-1", endpoint: url, credentials, ...more });
const batch = (...usageRecords) => ({ productCode, usageRecords });
const token = { registrationToken: "x" };

async function* someRecords() {
  yield usage(given.hour, "seats");
  yield usage(given.hour, "no_such_dimension");
  yield usage(given.hour, "seats", 1.5);
  yield usage(30);
}

const cases = {
  "a batch is metered, and the same again is counted once": async () => {
    const client = clientAt(endpoint);
    const first = await client.batchMeterUsage(batch(usage(given.hour), usage(given.hour, "queries")));
    const again = await client.batchMeterUsage(batch(usage(given.hour)));
    assert.deepEqual(
      first.results.map(({ status }) => status),
      ["Success", "Success"],
    );
    assert.equal(again.results[0].meteringRecordId, first.results[0].meteringRecordId);
    assert.ok(first.results[0].usageRecord.timestamp instanceof Date);
  },
  "text beyond ASCII is signed and sent as it is": async () => {
    const client = clientAt(endpoint);
    const outcome = await client.batchMeterUsageOutcome(batch(usage(0, "gb ü 漢 😀")));
    assert.equal(outcome.error?.name, "InvalidUsageDimensionException");
  },
  "a registration token is resolved, and a bad one refused": async () => {
    const client = clientAt(endpoint);
    const customer = await client.resolveCustomer({ registrationToken: given.registrationToken });
    assert.equal(customer.customerIdentifier, "demoCustomer1");
    const error = await client.resolveCustomer(token).catch((thrown) => thrown);
    assert.ok(isMeteringError(error, "InvalidTokenException"), String(error));
    assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  },
  "MeterUsage and RegisterUsage answer": async () => {
    const client = clientAt(endpoint);
    const metered = await client.meterUsageOutcome({ productCode, timestamp: Date.now(), usageDimension: "seats" });
    assert.equal(metered.error?.name, "CustomerNotEntitledException");
    const registered = await client.registerUsageOutcome({ productCode, publicKeyVersion: 1 });
    assert.equal(registered.error?.name, "PlatformNotSupportedException");
  },
  "a wrong secret is told as such": async () => {
    const client = clientAt(endpoint, { credentials: { ...credentials, secretAccessKey: "x" } });
    const outcome = await client.resolveCustomerOutcome(token);
    assert.equal(outcome.error?.name, "InvalidSignatureException");
  },
  "Callable runs beside others, Async brings the context along": async () => {
    const client = clientAt(endpoint, { concurrency: 2 });
    const outcomes = await Promise.all(
      [1, 2, 3, 4].map(() => client.batchMeterUsageCallable(batch(usage(given.hour)))),
    );
    assert.ok(outcomes.every(({ ok }) => ok));
    const context = await new Promise((resolve) =>
      client.resolveCustomerAsync(token, (_client, _input, { ok }, own) => resolve([ok, own]), "mine"),
    );
    assert.deepEqual(context, [false, "mine"]);
  },
  "meterAll says of every record what became of it": async () => {
    const client = clientAt(endpoint);
    const results = await client.meterAll(someRecords(), { productCode }).toArray();
    assert.deepEqual(
      results.map(({ status }) => status),
      ["accepted", "refused", "refused", "expired"],
    );
  },
  "what is throttled, at fault or cut off is sent again": async () => {
    for (const kind of ["throttle", "fault", "cut"]) {
      const client = clientAt(`${trouble}/${kind}/${crypto.randomUUID()}`);
      const outcome = await client.resolveCustomerOutcome(token);
      assert.equal(outcome.ok, true, `${kind}: ${outcome.error}`);
      // Deno's `fetch` sends again by itself what was cut off on a connection that was kept.
      if (kind !== "cut") assert.equal(outcome.metadata.attempts, 2, kind);
    }
  },
  "a clock that is wrong is corrected": async () => {
    const client = clientAt(`${trouble}/clock/x`, { world: { wallMs: () => Date.now() - HOUR_MS } });
    const outcome = await client.resolveCustomerOutcome(token);
    assert.equal(outcome.ok, true, String(outcome.error));
  },
  "no answer in time, nobody there, and an abort are told apart": async () => {
    const slow = clientAt(`${trouble}/silence/x`, { attemptTimeoutMs: 50, maxAttempts: 1 });
    assert.equal((await slow.resolveCustomerOutcome(token)).error?.name, "TimeoutError");
    const nobody = clientAt(given.nobody, { maxAttempts: 1 });
    assert.equal((await nobody.resolveCustomerOutcome(token)).error?.name, "ConnectionError");
    const client = clientAt(`${trouble}/silence/x`);
    const outcome = await client.resolveCustomerOutcome(token, { signal: AbortSignal.timeout(50) });
    assert.equal(outcome.error?.name, "AbortError");
  },
  "credentials, region and endpoint come from the profile": async () => {
    const client = clientOf({ profile: "suite" });
    assert.equal((await client.resolveCustomerOutcome(token)).error?.name, "InvalidTokenException");
  },
  "credentials come from web identity, by a token in a file": async () => {
    const client = clientOf({ profile: "web" });
    // The server knows the key, and no session of it: it says so once the signature has been found right.
    assert.equal((await client.resolveCustomerOutcome(token)).error?.name, "UnrecognizedClientException");
  },
  "the fetch of the runtime does as well": async () => {
    const client = clientAt(endpoint, { fetch });
    assert.equal((await client.resolveCustomerOutcome(token)).error?.name, "InvalidTokenException");
  },
  "a registration's signature is verified, in PEM and JWK, and no other algorithm is taken": async () => {
    const expected = { productCode, publicKeyVersion: 1, nonce: "n" };
    for (const publicKey of [given.pem, given.pkcs1, given.jwk]) {
      const claims = await verifyRegistration(given.jwt, { ...expected, publicKey });
      assert.equal(claims.issuedAt.getTime(), given.issuedAtMs);
    }
    for (const jwt of given.badJwts) {
      const error = await verifyRegistration(jwt, { ...expected, publicKey: given.pem }).catch((thrown) => thrown);
      assert.ok(isMeteringError(error, "InvalidRegistrationError"), String(error));
    }
  },
  "times are taken in every form": async () => {
    const hour = new Date("2026-07-01T05:00:00Z");
    const ms = Date.parse("2026-07-01T05:59:59.999Z");
    for (const time of [new Date(ms), ms, { epochMilliseconds: ms }, { epochSeconds: Math.floor(ms / 1000) }]) {
      assert.deepEqual(startOfHour(time), hour);
    }
  },
  "a client that is closed takes no more": async () => {
    const client = clientAt(endpoint);
    const under = client.resolveCustomerOutcome(token);
    await client.close();
    assert.equal((await under).error?.name, "InvalidTokenException");
    assert.equal((await client.resolveCustomerOutcome(token)).error?.name, "ClientClosedError");
  },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    process.stdout.write(`ok ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAILED ${name}\n${error?.stack ?? error}\n`);
  } finally {
    for (const client of open.splice(0)) await client[Symbol.asyncDispose]();
  }
}
process.stdout.write(`${Object.keys(cases).length - failed} of ${Object.keys(cases).length}\n`);
process.exitCode = failed === 0 ? 0 : 1;
