/**
 * The test kit's conformance suite, held against the SDKs: what is right fails no case, and each case that an SDK fails is known.
 * The current SDKs for JavaScript and Python are held to all operations in test/testkit/.
 */
import {
  conformanceCases,
  runConformance,
  type ConformanceAnswer,
  type ConformanceSubject,
} from "countinghouse/testkit";
import { describe, expect, test } from "vitest";
import { runScenarios } from "./program.ts";
import { SDKS, type Sdk } from "./sdks.ts";

/** Fifty programs, one after the other; several SDKs are under way at once. */
const SDK_TIMEOUT_MS = 480_000;
/** Programs are told keys that last, so there are no calls of tasks. */
const OPERATIONS = ["BatchMeterUsage", "ResolveCustomer", "GetEntitlements"] as const;

/** aws4fetch may wait for most of a minute between its eleven attempts. */
const options = { operations: OPERATIONS, timeoutMs: 100_000 } as const;

const HELD = SDKS.filter(({ key, protocol }) => protocol === undefined && key !== "js3" && key !== "boto3");

/** What they are known to fail, besides what is newer than they are. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // It rounds times to whole seconds, and does not send again what was answered in HTML.
  "js3-2023": ["usage/fraction-of-a-second", "attempts/gateway"],
  // It repeats 5xx and 429 only, and reads no errors: the program takes the name as it stands in the body.
  aws4fetch: ["attempts/throttled", "attempts/cut-off", "answers/namespace"],
};
const NEWER_THAN_LICENCES = ["usage/account", "usage/licence"];

const subjectOf =
  (sdk: Sdk): ConformanceSubject =>
  async ({ operation, input, endpoint, region, credentials }) => {
    const service = operation === "GetEntitlements" ? "entitlement" : "metering";
    const scenario = { endpoint, region, credentials, calls: [{ service, operation, input }] } as const;
    const [[answer] = []] = await runScenarios(sdk, [scenario]);
    return answer as ConformanceAnswer;
  };

describe.concurrent.each(HELD)("$name", { timeout: SDK_TIMEOUT_MS }, (sdk) => {
  test.skipIf(sdk.whyNot !== undefined)("fails what it is known to fail, and no other case", async () => {
    const failed: string[] = [];
    let count = 0;
    for await (const { outcome, case: one } of runConformance(subjectOf(sdk), options)) {
      count += 1;
      if (outcome === "failed") failed.push(one.id);
    }
    const newer = sdk.cannot.licences === undefined ? [] : NEWER_THAN_LICENCES;
    expect(failed.toSorted()).toEqual([...(KNOWN[sdk.key] ?? []), ...newer].toSorted());
    expect(count).toBe(conformanceCases(options).length);
  });
});
