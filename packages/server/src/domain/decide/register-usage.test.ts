import { HOUR_MS, registerUsage, type RegisterUsageInput } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import type { Agreement } from "../catalogue/agreement.ts";
import { Catalogue, type CatalogueChange } from "../catalogue/catalogue.ts";
import { ANNAS_ACCOUNT, BERTS_ACCOUNT, NOW_MS, REGION, agreement } from "../../../testing/market.ts";
import type { MeteredResource, Platform } from "../resources/metered-resource.ts";
import {
  BYOL_CONTAINER,
  FREE_CONTAINER,
  HOURLY_CONTAINER,
  METERED_CONTAINER,
  SAAS,
  callerOf,
  knownOf,
  resource,
  resourceMarket,
} from "../../../testing/container-market.ts";
import { decideRegisterUsage, type RegisterUsageDecision } from "./register-usage.ts";
import type { ResourceCaller } from "./resource-checks.ts";

const TASK = resource("ecs");
const REGISTERED = { ...TASK, registrations: [{ productCode: HOURLY_CONTAINER, registeredAtMs: NOW_MS - HOUR_MS }] };
const KEYS: CatalogueChange[] = [
  { version: 1, createdAtMs: 0, expiredAtMs: NOW_MS - HOUR_MS },
  { version: 2, createdAtMs: NOW_MS - HOUR_MS },
].map((key) => ({
  kind: "registration-key",
  id: String(key.version),
  value: { ...key, publicKey: `public ${key.version}`, sealedPrivateKey: "" },
}));

interface Situation {
  readonly caller?: ResourceCaller;
  readonly resource?: MeteredResource;
  readonly agreements?: readonly Agreement[];
  readonly signature?: string | undefined;
}

function decide(input: Partial<RegisterUsageInput> = {}, situation: Situation = {}): RegisterUsageDecision {
  const { resource: calling = TASK, caller = callerOf(calling) } = situation;
  const signature = "signature" in situation ? situation.signature : "signed";
  return decideRegisterUsage(
    { ...caller, input: { productCode: HOURLY_CONTAINER, publicKeyVersion: 2, ...input }, signature },
    {
      catalogue: new Catalogue([...resourceMarket(situation.agreements), ...KEYS]),
      nowMs: NOW_MS,
      resource: knownOf(caller, calling),
    },
  );
}

const of = (over: Partial<Agreement>): Agreement[] => [
  agreement("a", { productCode: HOURLY_CONTAINER, customerIdentifier: undefined, ...over }),
];

describe("RegisterUsage is refused", () => {
  const PLAIN_CALLER = { callerAccountId: ANNAS_ACCOUNT, region: REGION };
  const table: readonly [string, string, string, Partial<RegisterUsageInput>, Situation][] = [
    ["X2", "PlatformNotSupportedException", "to whoever has long-term credentials", {}, { caller: PLAIN_CALLER }],
    ["X2", "PlatformNotSupportedException", "to an EC2 instance", {}, { resource: resource("ec2") }],
    ["X2", "PlatformNotSupportedException", "to a resource that nobody knows", {},
      { caller: { ...PLAIN_CALLER, session: { resourceId: "none", platform: "ecs" } } }],
    ["X2", "PlatformNotSupportedException", "to a task that has stopped and never registered", {},
      { resource: { ...TASK, stoppedAtMs: NOW_MS } }],
    ["X2", "PlatformNotSupportedException", "to another account's credentials for a task", {},
      { caller: { ...callerOf(TASK), callerAccountId: BERTS_ACCOUNT } }],
    ["Y1", "InvalidRegionException", "in another region", {}, { caller: { ...callerOf(TASK), region: "eu-west-1" } }],
    ["Y1", "InvalidRegionException", "in another region to a task that has registered", {},
      { resource: REGISTERED, caller: { ...callerOf(TASK), region: "eu-west-1" } }],
    ["Y2", "InvalidProductCodeException", "for a product that there is not", { productCode: "none" }, {}],
    ["P2", "InvalidProductCodeException", "for a SaaS product", { productCode: SAAS }, {}],
    ["P2", "InvalidProductCodeException", "for a container that meters itself", { productCode: METERED_CONTAINER }, {}],
    ["Y3", "InvalidPublicKeyVersionException", "for a key version that there is not", { publicKeyVersion: 3 },
      { signature: undefined }],
    ["Y3", "InvalidPublicKeyVersionException", "for one that came after the call", {}, { signature: undefined }],
    ["Y4", "CustomerNotEntitledException", "to an account that has agreed to nothing", {},
      { resource: resource("ecs", { resourceId: "ecs-of-bert", accountId: BERTS_ACCOUNT }) }],
    ["Y4", "CustomerNotEntitledException", "before the agreement begins", {}, { agreements: of({ startsAtMs: NOW_MS + 1 }) }],
    ["Y4", "CustomerNotEntitledException", "once it was cancelled", {}, { agreements: of({ cancelledAtMs: NOW_MS }) }],
    ["Y4", "CustomerNotEntitledException", "once it has run out", {}, { agreements: of({ endsAtMs: NOW_MS }) }],
    ["Y4", "CustomerNotEntitledException", "while it is suspended", {}, { agreements: of({ suspendedAtMs: NOW_MS }) }],
    ["Y4", "CustomerNotEntitledException", "for a free product nobody subscribed to", { productCode: FREE_CONTAINER },
      { agreements: [] }],
    ["Y4", "CustomerNotEntitledException", "for another product than it has registered for", { productCode: BYOL_CONTAINER },
      { resource: REGISTERED, agreements: of({}) }],
  ]; // prettier-ignore

  test.each(table)("Rule %s: with %s, %s", (rule, code, _what, input, situation) => {
    expect(decide(input, situation).rejected).toMatchObject({ code, rule });
  });

  test("for the rules of the rule book's list (Rules Y1 and Y2 among them), and for no others", () => {
    expect(new Set(table.map(([rule]) => rule))).toEqual(new Set(registerUsage.refuses));
  });
});

test.each<[Platform, string]>([
  ["ecs", HOURLY_CONTAINER],
  ["eks", HOURLY_CONTAINER],
  ["eks", FREE_CONTAINER],
  ["ecs", BYOL_CONTAINER],
])("the first call of a resource on %s for %s begins its metering (Rules P2, Y4)", (platform, productCode) => {
  const calling = resource(platform, { registrations: [{ productCode: "another", registeredAtMs: 1 }] });
  expect(decide({ productCode }, { resource: calling })).toMatchObject({
    resource: calling,
    registered: {
      ...calling,
      // The resource called at this time, so it was running.
      heardAtMs: NOW_MS,
      registrations: [...calling.registrations, { productCode, registeredAtMs: NOW_MS, dimension: "Hours" }],
    },
    output: { signature: "signed" },
  });
});

test.each<[string, Situation]>([
  ["has ended", { agreements: of({ endsAtMs: NOW_MS - 1 }) }],
  ["is gone", { agreements: [] }],
  ["is there, and news came that the task has stopped", { resource: { ...REGISTERED, stoppedAtMs: NOW_MS - 1 } }],
])("later calls succeed and begin nothing again where the agreement %s (Rules Y5, X2)", (_what, situation) => {
  expect(decide({}, { resource: REGISTERED, ...situation })).toEqual({
    resource: situation.resource ?? REGISTERED,
    registered: undefined,
    output: { signature: "signed" },
  });
});

test("a key version that has expired is signed with, and the answer says when it did (Rules Y3, Y7)", () => {
  expect(decide({ publicKeyVersion: 1 })).toMatchObject({
    output: { signature: "signed", publicKeyRotationTimestampMs: NOW_MS - HOUR_MS },
  });
});
