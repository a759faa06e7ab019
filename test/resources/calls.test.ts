/** MeterUsage and RegisterUsage over the wire, by the official SDK, with the credentials that resources are given. */
import { CloudTrailClient, LookupEventsCommand, type LookupAttributeKey } from "@aws-sdk/client-cloudtrail";
import {
  MeterUsageCommand,
  RegisterUsageCommand,
  type MeterUsageCommandInput,
} from "@aws-sdk/client-marketplace-metering";
import { verifyRegistration } from "@countinghouse/client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { sessionOf, type Session } from "../support/resource-session.ts";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { BUYER, PRODUCTS, REGISTERING_ROLE, ROLE, agreementTo, openMarket, taskArn } from "./market.ts";

const HOUR_MS = 3_600_000;
/** One for all, so that no test sees the hour turn. */
const NOW = new Date();
const folder = temporaryFolder();
let server: RunningServer;
let made = 0;
let task: Session;
let instance: Session;

const start = (): Promise<RunningServer> => startServer(["--store", `sqlite:${folder.path}/data`]);

function draft(platform: "ec2" | "ecs", roleName: string = ROLE): Parameters<typeof sessionOf>[1] {
  made += 1;
  const externalId = platform === "ec2" ? `i-${made.toString(16).padStart(17, "0")}` : taskArn(made);
  return { platform, externalId, accountId: BUYER, roleName };
}

beforeAll(async () => {
  server = await start();
  await openMarket(server);
});

afterAll(async () => {
  await server.stop();
  folder.remove();
});

beforeEach(async (context) => {
  if (context.task.mode === "skip") return;
  [task, instance] = await Promise.all([sessionOf(server, draft("ecs")), sessionOf(server, draft("ec2"))]);
});

function usage(over: Partial<MeterUsageCommandInput> = {}): MeterUsageCommand {
  return new MeterUsageCommand({
    ProductCode: PRODUCTS.container,
    Timestamp: NOW,
    UsageDimension: "gb",
    UsageQuantity: 3,
    ...over,
  });
}

const by = (AttributeKey: LookupAttributeKey, AttributeValue: string): LookupEventsCommand =>
  new LookupEventsCommand({ LookupAttributes: [{ AttributeKey, AttributeValue }] });

const idOf = async (session: Session, command: MeterUsageCommand): Promise<string | undefined> =>
  (await session.client().send(command)).MeteringRecordId;

const refusalOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "none",
    (error: Error & { $metadata?: { httpStatusCode?: number } }) => `${error.name} ${error.$metadata?.httpStatusCode}`,
  );

/** Usage of so many hours ago, with a token, of a dimension. */
const usages = (of: readonly (readonly [number, string, string])[]): MeterUsageCommand[] =>
  of.map(([hours, ClientToken, UsageDimension]) =>
    usage({ Timestamp: new Date(Date.now() - hours * HOUR_MS), ClientToken, UsageDimension }),
  );

describe("MeterUsage", () => {
  test("M1, S3, Rule M5: of a task and of an instance is kept, and sent again answered with the same id", async () => {
    const id = await idOf(task, usage());
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await idOf(task, usage())).toBe(id);
    const ofInstance = await idOf(instance, usage({ ProductCode: PRODUCTS.image }));
    const kept = await meteringRecords(server, { customerAccountId: BUYER });
    expect(kept).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ meteringRecordId: id, customerAccountId: BUYER, dimension: "gb", quantity: 3 }),
        expect.objectContaining({ meteringRecordId: ofInstance, productCode: PRODUCTS.image }),
      ]),
    );
    expect(kept.filter(({ meteringRecordId }) => meteringRecordId === id)).toHaveLength(1);
  });

  test("M3, Rule A1: of buckets is kept with them, and not where they do not add up", async () => {
    const UsageAllocations = [
      { AllocatedUsageQuantity: 2, Tags: [{ Key: "team", Value: "research" }] },
      { AllocatedUsageQuantity: 1 },
    ];
    const id = await idOf(task, usage({ UsageAllocations }));
    const [kept] = (await meteringRecords(server)).filter(({ meteringRecordId }) => meteringRecordId === id);
    expect(kept?.usageAllocations).toHaveLength(2);
    const unequal = usage({ UsageAllocations, UsageQuantity: 4 });
    expect(await refusalOf(task.client().send(unequal))).toBe("InvalidUsageAllocationsException 400");
  });

  test("M4, Rule W1: of more than six hours ago is refused", async () => {
    const late = new Date(Date.now() - 6 * HOUR_MS - 60_000);
    expect(await refusalOf(task.client().send(usage({ Timestamp: late })))).toBe("TimestampOutOfBoundsException 400");
  });

  test("Rules M4, M5: is 400 with another quantity, and 409 with another request's token", async () => {
    await idOf(task, usage({ ClientToken: "t" }));
    expect(await refusalOf(task.client().send(usage({ UsageQuantity: 4 })))).toBe("DuplicateRequestException 400");
    const other = usage({ UsageDimension: "calls", ClientToken: "t" });
    expect(await refusalOf(task.client().send(other))).toBe("IdempotencyConflictException 409");
  });

  test("Rule M4: takes tokens of any text for what they are, sent at once or one after the other", async () => {
    const tokens = [
      [2, "\ud800", "gb"],
      [2, "\ud801", "calls"],
      [3, "nul\0", "gb"],
      [3, "nul\0s", "calls"],
    ] as const;
    const metered = usages(tokens);
    const ids = await Promise.all(metered.map((command) => idOf(task, command)));
    expect(new Set(ids).size).toBe(tokens.length);
    expect(await Promise.all(metered.map((command) => idOf(task, command)))).toEqual(ids);
    const swapped = tokens.map(
      ([hours, token, dimension]) => [hours, token, dimension === "gb" ? "calls" : "gb"] as const,
    );
    const refusals = await Promise.all(usages(swapped).map((command) => refusalOf(task.client().send(command))));
    expect(new Set(refusals)).toEqual(new Set(["IdempotencyConflictException 409"]));
  });

  test("M2, Rules X1, M1, M6: is the resource's own, in its region, for a product that its account has", async () => {
    expect(await refusalOf(task.client("eu-west-1").send(usage()))).toBe("InvalidEndpointRegionException 400");
    const unsold = usage({ ProductCode: PRODUCTS.unsoldContainer });
    expect(await refusalOf(task.client().send(unsold))).toBe("CustomerNotEntitledException 400");
    const stopped = await server.operator("POST", `/resources/${task.resourceId}/stop`, {});
    expect(stopped.status).toBeLessThan(300);
    expect(await refusalOf(task.client().send(usage()))).not.toBe("none");
  });

  test("S2, Rules N3, M7: needs its permission, and a dry run says whether it is there", async () => {
    const registering = await sessionOf(server, draft("ecs", REGISTERING_ROLE));
    expect(await refusalOf(registering.client().send(usage()))).toBe("AccessDeniedException 400");
    const denied = await registering
      .client()
      .send(usage({ DryRun: true }))
      .catch((error: unknown) => error);
    expect(denied).toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringMatching(/^User: \S+ is not authorized to perform: aws-marketplace:MeterUsage /) as string,
    });
    expect(await idOf(task, usage({ DryRun: true }))).toBe("DryRunOperation");
    expect(await refusalOf(task.client().send(usage({ DryRun: true, UsageDimension: "none" })))).toBe(
      "InvalidUsageDimensionException 400",
    );
    const id = await idOf(task, usage({ UsageQuantity: 7 }));
    expect(await idOf(task, usage({ UsageQuantity: 7 })), "the dry run kept nothing").toBe(id);
    expect(await idOf(task, usage({ UsageQuantity: 7, DryRun: true })), "of a replay, too").toBe("DryRunOperation");
    expect(await refusalOf(task.client().send(usage({ DryRun: true })))).toBe("DuplicateRequestException 400");
  });

  test("Rule V9: the trail shows members that were sent with their defaults, and when the session was created", async () => {
    const sent = usage({ ProductCode: PRODUCTS.image, UsageQuantity: 0, DryRun: false });
    await idOf(instance, sent);
    const { body } = await server.operator("GET", "/audit-events?eventName=MeterUsage&order=newest&limit=1");
    const [event] = (body as { items: Record<string, unknown>[] }).items;
    expect(event).toMatchObject({
      userIdentity: {
        sessionContext: {
          webIdFederationData: {},
          attributes: {
            mfaAuthenticated: "false",
            creationDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
          },
          ec2RoleDelivery: "1.0",
        },
      },
      requestParameters: { usageQuantity: 0, dryRun: false, clientToken: expect.any(String) as string },
    });
    expect(event).not.toHaveProperty("readOnly");
  });

  test("Rules M7, V9: a dry run is a success in the trail, and in its explanation", async () => {
    const { $metadata } = await task.client().send(usage({ DryRun: true, UsageQuantity: 0, ClientToken: "t" }));
    const requestId = $metadata.requestId ?? "";
    const { body } = await server.operator("GET", "/audit-events?eventName=MeterUsage&order=newest&limit=1");
    const [event] = (body as { items: Record<string, unknown>[] }).items;
    expect(event).toMatchObject({
      requestID: requestId,
      requestParameters: { productCode: PRODUCTS.container, usageQuantity: 0, dryRun: true, clientToken: "t" },
      responseElements: { meteringRecordId: "DryRunOperation" },
    });
    expect(event).not.toHaveProperty("errorCode");
    const explained = await server.operator("GET", `/requests/${requestId}/explanation`);
    expect(explained.body).toMatchObject({
      event: "dry-run-passed",
      summary: "A dry run that would have succeeded (Rule M7): nothing was metered.",
      details: { productCode: PRODUCTS.container, request: { timestamp: NOW.toISOString(), dryRun: true } },
    });
  });

  test("can be explained, accepted or refused (Rules M5 and X1)", async () => {
    const id = await idOf(task, usage());
    const accepted = await server.operator("GET", `/requests/${id ?? ""}/explanation`);
    expect(accepted.body).toMatchObject({ records: [{ outcome: "accepted", rule: { id: "M5" } }] });
    const again = await task.client().send(usage());
    const replay = await server.operator("GET", `/requests/${again.$metadata.requestId ?? ""}/explanation`);
    expect(replay.body).toMatchObject({ records: [{ outcome: "replay", rule: { id: "M5" }, meteringRecordId: id }] });
  });

  test("M1: is answered with the same id after kill -9", async () => {
    const one = draft("ecs");
    const id = await idOf(await sessionOf(server, one), usage({ ClientToken: "t" }));
    await server.kill();
    server = await start();
    expect(await idOf(await sessionOf(server, one), usage({ ClientToken: "t" }))).toBe(id);
  });
});

const input = { ProductCode: PRODUCTS.hourly, PublicKeyVersion: 1 };

function registrationRefusal(session: Session, over: object = {}, region?: string): Promise<string> {
  return refusalOf(session.client(region).send(new RegisterUsageCommand({ ...input, ...over })));
}

describe("RegisterUsage", () => {
  test("S6, R1, Rules Y4, Y6: answers a JWT that verifies by what the server publishes", async () => {
    const { Signature = "", PublicKeyRotationTimestamp } = await task
      .client()
      .send(new RegisterUsageCommand({ ...input, Nonce: "n" }));
    expect(PublicKeyRotationTimestamp).toBeUndefined();
    const expected = { productCode: PRODUCTS.hourly, publicKeyVersion: 1, nonce: "n" };
    const publicKey = await (await fetch(`${server.endpoint}/.well-known/registration-keys/1.pem`)).text();
    expect(await verifyRegistration(Signature, { publicKey, ...expected, ageSecondsMax: 60 })).toMatchObject(expected);
    const set = await (await fetch(`${server.endpoint}/.well-known/jwks.json`)).json();
    const [jwk = {}] = (set as { keys: object[] }).keys;
    expect(await verifyRegistration(Signature, { publicKey: jwk, ...expected })).toMatchObject(expected);
  });

  test("S6: is open to BYOL containers, and without a nonce has none", async () => {
    const { Signature = "" } = await task
      .client()
      .send(new RegisterUsageCommand({ ...input, ProductCode: PRODUCTS.byol }));
    expect(JSON.parse(Buffer.from(Signature.split(".")[1] ?? "", "base64url").toString())).toEqual({
      productCode: PRODUCTS.byol,
      publicKeyVersion: 1,
      iat: expect.any(Number),
    });
  });

  test("R1, Rules X2, Y1, Y3, Y4: is refused to instances, elsewhere, with no such key, and to who has not subscribed", async () => {
    expect(await registrationRefusal(instance)).toBe("PlatformNotSupportedException 400");
    expect(await registrationRefusal(task, {}, "eu-west-1")).toBe("InvalidRegionException 400");
    expect(await registrationRefusal(task, { PublicKeyVersion: 99 })).toBe("InvalidPublicKeyVersionException 400");
    expect(await registrationRefusal(task, { ProductCode: PRODUCTS.unsoldHourly })).toBe(
      "CustomerNotEntitledException 400",
    );
  });

  test("is an event of the buyer's account, found by LookupEvents there", async () => {
    const command = new RegisterUsageCommand(input);
    const { Signature } = await task.client().send(command);
    const { endpoint } = server;
    const trail = new CloudTrailClient({ endpoint, region: task.region, credentials: task.credentials });
    const { Events = [] } = await trail.send(
      new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "RegisterUsage" }] }),
    );
    const record = JSON.parse(Events[0]?.CloudTrailEvent ?? "{}") as object;
    expect(record).toMatchObject({
      recipientAccountId: BUYER,
      userIdentity: { type: "AssumedRole", accountId: BUYER },
      requestParameters: { productCode: PRODUCTS.hourly, publicKeyVersion: 1 },
      responseElements: { signature: Signature },
    });
  });

  test("Rule V2: the calls of an instance and of a task are found by the Username that they show", async () => {
    for (const session of [instance, task]) {
      await idOf(session, usage({ ProductCode: session === task ? PRODUCTS.container : PRODUCTS.image }));
      const { endpoint } = server;
      const trail = new CloudTrailClient({ endpoint, region: session.region, credentials: session.credentials });
      const shown = await trail.send(by("AccessKeyId", session.credentials.accessKeyId));
      const metered = shown.Events?.find(({ EventName }) => EventName === "MeterUsage");
      expect(metered?.Username).toMatch(/^(i-|[0-9a-f]{32}$)/);
      const found = await trail.send(by("Username", metered?.Username ?? ""));
      expect(found.Events?.map(({ EventId }) => EventId)).toContain(metered?.EventId);
    }
  });

  test("R2, Rules Y5, Y7: goes on after the agreement has ended, and says when its key version has expired", async () => {
    await task.client().send(new RegisterUsageCommand(input));
    const another = await sessionOf(server, draft("ecs"));
    await server.operator("POST", `/agreements/${agreementTo(PRODUCTS.hourly)}/cancel`);
    const rotated = await server.operator("POST", "/registration-keys");
    expect(rotated.status).toBe(201);
    const { Signature = "", PublicKeyRotationTimestamp } = await task.client().send(new RegisterUsageCommand(input));
    expect(PublicKeyRotationTimestamp).toBeInstanceOf(Date);
    const publicKey = await (await fetch(`${server.endpoint}/.well-known/registration-keys/1.pem`)).text();
    await verifyRegistration(Signature, { publicKey, productCode: PRODUCTS.hourly, publicKeyVersion: 1 });
    const newer = await task.client().send(new RegisterUsageCommand({ ...input, PublicKeyVersion: 2 }));
    expect(newer.PublicKeyRotationTimestamp).toBeUndefined();
    expect(await refusalOf(another.client().send(new RegisterUsageCommand(input)))).toBe(
      "CustomerNotEntitledException 400",
    );
  });
});
