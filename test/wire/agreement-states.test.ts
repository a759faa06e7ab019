/** What sellers meet as customers come and go: subscriptions that end, are cancelled, suspended, resumed and renewed. */
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringServiceException,
  ResolveCustomerCommand,
  type UsageRecord,
} from "@aws-sdk/client-marketplace-metering";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { add, meteringRecords, moveClock, registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type Served } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock from a time of its own" });

const NOON = Date.parse("2026-03-10T12:00:00Z");
const MINUTES = 60_000;
const CLOCK = ["--clock", `manual:${new Date(NOON).toISOString()}`];
const BUYER = "444455556666";
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last.padStart(32, "0")}`;

const lab = (): Promise<Served> => marketOfTest({ now: new Date(NOON) });

/** Usage of the demo's first customer, so many minutes after noon. Each call is of another dimension, or quantity. */
interface Usage {
  readonly minute: number;
  readonly dimension?: string;
  readonly quantity?: number;
}

const record = ({ minute, dimension = "seats", quantity = 1 }: Usage): Omit<UsageRecord, "CustomerIdentifier"> => ({
  Timestamp: new Date(NOON + minute * MINUTES),
  Dimension: dimension,
  Quantity: quantity,
});

/** The statuses of the records, by product code; or the error's name. */
function meter(server: Served, ...usages: Usage[]): Promise<string> {
  const UsageRecords = usages.map((usage) => ({ ...record(usage), CustomerIdentifier: "demoCustomer1" }));
  return outcome(server, new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
}

/** The same, under a licence. */
function meterLicensed(server: Served, LicenseArn: string, ...usages: Usage[]): Promise<string> {
  const UsageRecords = usages.map((usage) => ({ ...record(usage), CustomerAWSAccountId: BUYER, LicenseArn }));
  return outcome(server, new BatchMeterUsageCommand({ UsageRecords }));
}

async function outcome(server: Served, command: BatchMeterUsageCommand): Promise<string> {
  try {
    const { Results = [] } = await officialClient(server.endpoint).send(command);
    return Results.map(({ Status }) => Status).join(" ");
  } catch (error) {
    if (error instanceof MarketplaceMeteringServiceException) return error.name;
    throw error;
  }
}

async function act(server: Served, action: "cancel" | "suspend" | "resume", id = "agmt-demo1"): Promise<object> {
  const { status, body } = await server.operator("POST", `/agreements/${id}/${action}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as object;
}

const advance = (server: Served, minutes: number): Promise<void> => moveClock(server, { advanceSeconds: minutes * 60 });

describe("an agreement that is cancelled", () => {
  test("has one hour for final records, usage of that hour included; then it has none (Rule G3)", async () => {
    const server = await lab();
    expect(await meter(server, { minute: -10 })).toBe("Success");
    expect(await act(server, "cancel")).toMatchObject({ status: "cancelled", cancelledAt: "2026-03-10T12:00:00.000Z" });
    await advance(server, 59);
    expect(await meter(server, { minute: -10, dimension: "queries" }, { minute: 30 })).toBe("Success Success");
    await advance(server, 1);
    expect(await meter(server, { minute: 0, dimension: "queries" })).toBe("CustomerNotSubscribed");
    expect(await meter(server, { minute: -10, dimension: "gb_ingested" })).toBe("CustomerNotSubscribed");
    expect(await meteringRecords(server)).toHaveLength(3);
  });

  test("answers for what is kept all the same, until the window closes (B1, Rules K5, W1)", async () => {
    const server = await lab();
    expect(await meter(server, { minute: 0 })).toBe("Success");
    await act(server, "cancel");
    await advance(server, 120);
    expect(await meter(server, { minute: 0 })).toBe("Success");
    expect(await meter(server, { minute: 0, quantity: 2 })).toBe("DuplicateRecord");
    await advance(server, 241);
    expect(await meter(server, { minute: 0 })).toBe("TimestampOutOfBoundsException");
  });

  test("gives the status, and no exception, under its licence (Rules G3, I6)", async () => {
    const server = await lab();
    await act(server, "cancel");
    expect(await meterLicensed(server, licence("1"), { minute: 0 })).toBe("Success");
    await advance(server, 60);
    expect(await meterLicensed(server, licence("1"), { minute: 59, dimension: "queries" })).toBe(
      "CustomerNotSubscribed",
    );
  });

  test("cannot be cancelled again, suspended or resumed; its hour stays what it was", async () => {
    const server = await lab();
    await act(server, "cancel");
    await advance(server, 30);
    for (const action of ["cancel", "suspend"]) {
      const again = await callOperator(server, "POST", `/agreements/agmt-demo1/${action}`);
      expectProblem(again, 409, /agmt-demo1 was cancelled at 2026-03-10T12:00:00.000Z/);
    }
    expectProblem(await callOperator(server, "POST", "/agreements/agmt-demo1/resume"), 409, /is not suspended/);
    await advance(server, 30);
    expect(await meter(server, { minute: 0 })).toBe("CustomerNotSubscribed");
  });

  test("may be followed by a new one with a new licence: no usage is lost, none is counted twice (Rules G1, G2, K6)", async () => {
    const server = await lab();
    expect(await meter(server, { minute: -30 })).toBe("Success");
    await act(server, "cancel");
    await advance(server, 150);
    await add(server, "/agreements", {
      agreementId: "agmt-again",
      productCode: DEMO.productCode,
      customerAccountId: BUYER,
      customerIdentifier: "demoCustomer1",
      licenseArn: licence("99"),
      startsAt: "2026-03-10T14:30:00Z",
    });
    // Before the cancellation, in the final hour, in the time between, and since the new beginning.
    const minutes = [-20, 30, 90, 150].map((minute) => ({ minute, dimension: "queries" }));
    expect(await meter(server, ...minutes)).toBe("Success Success CustomerNotSubscribed Success");
    expect(await meterLicensed(server, licence("99"), { minute: 149 })).toBe("InvalidLicenseException");
    expect(await meterLicensed(server, licence("99"), { minute: 150 })).toBe("Success");
  });
});

describe("an agreement that is suspended", () => {
  test("takes no records until it is resumed, and then those of the suspension, too (Rule G4)", async () => {
    const server = await lab();
    expect(await act(server, "suspend")).toMatchObject({
      status: "suspended",
      suspendedAt: "2026-03-10T12:00:00.000Z",
    });
    expect(await meter(server, { minute: -10 })).toBe("CustomerNotSubscribed");
    expect(await meterLicensed(server, licence("1"), { minute: -10 })).toBe("CustomerNotSubscribed");
    await advance(server, 30);
    expectProblem(await callOperator(server, "POST", "/agreements/agmt-demo1/suspend"), 409, /was suspended at/);
    expect(await act(server, "resume")).toMatchObject({ status: "active" });
    expect(await meter(server, { minute: -10 }, { minute: 20, dimension: "queries" })).toBe("Success Success");
  });

  test("is one of several: another that is open is enough (Rules G1, G4)", async () => {
    const server = await lab();
    await add(server, "/agreements", {
      agreementId: "agmt-beside",
      productCode: DEMO.productCode,
      customerAccountId: BUYER,
      customerIdentifier: "demoCustomer1",
      licenseArn: licence("98"),
      startsAt: "2026-01-01T00:00:00Z",
    });
    await act(server, "suspend");
    expect(await meter(server, { minute: 0 })).toBe("Success");
    expect(await meterLicensed(server, licence("1"), { minute: 0 })).toBe("CustomerNotSubscribed");
    expect(await meterLicensed(server, licence("98"), { minute: 0 })).toBe("Success");
  });
});

test("an agreement that runs out takes usage of its term for one hour more (Rules G2, G3, I6)", async () => {
  const server = await lab();
  await server.operator("PATCH", "/agreements/agmt-demo1", { endsAt: "2026-03-10T13:00:00Z" });
  await advance(server, 90);
  expect((await callOperator(server, "GET", "/agreements/agmt-demo1")).json).toMatchObject({ status: "expired" });
  expect(await meter(server, { minute: 59 }, { minute: 60 })).toBe("Success CustomerNotSubscribed");
  expect(await meterLicensed(server, licence("1"), { minute: 59 })).toBe("Success");
  expect(await meterLicensed(server, licence("1"), { minute: 60 })).toBe("InvalidLicenseException");
  expectProblem(await callOperator(server, "POST", "/agreements/agmt-demo1/cancel"), 409, /ran out at 2026-03-10T13/);
  await advance(server, 30);
  expect(await meter(server, { minute: 59, dimension: "queries" })).toBe("CustomerNotSubscribed");
  expect(await meterLicensed(server, licence("1"), { minute: 58, dimension: "queries" })).toBe(
    "InvalidLicenseException",
  );
  // What is kept under the licence is answered beside all that (Rule K5).
  expect(await meterLicensed(server, licence("1"), { minute: 59 })).toBe("Success");
});

test("a free trial is metered like any other agreement, and its token resolved (Rule G5)", async () => {
  const server = await lab();
  await server.operator("PATCH", "/agreements/agmt-demo1", { freeTrial: true });
  expect(await meter(server, { minute: 0 })).toBe("Success");
  const RegistrationToken = await registrationToken(server, "agmt-demo1");
  const resolved = await officialClient(server.endpoint).send(new ResolveCustomerCommand({ RegistrationToken }));
  expect(resolved).toMatchObject({ CustomerAWSAccountId: BUYER, ProductCode: DEMO.productCode });
});

test("Rules K6, K7: the same usage said in three ways, and in two regions, is kept each time", async () => {
  const server = await lab();
  const sent = record({ minute: 0, quantity: 7 });
  const ways = [
    { ProductCode: DEMO.productCode, UsageRecords: [{ ...sent, CustomerIdentifier: "demoCustomer1" }] },
    { ProductCode: DEMO.productCode, UsageRecords: [{ ...sent, CustomerAWSAccountId: BUYER }] },
    { UsageRecords: [{ ...sent, CustomerAWSAccountId: BUYER, LicenseArn: licence("1") }] },
  ];
  const ids = new Set<string | undefined>();
  for (const region of ["us-east-1", "eu-west-1"]) {
    for (const way of ways) {
      const client = officialClient(server.endpoint, DEMO, region);
      for (let times = 0; times < 2; times += 1) {
        const { Results = [] } = await client.send(new BatchMeterUsageCommand(way as never));
        ids.add(Results[0]?.MeteringRecordId);
      }
    }
  }
  expect(ids.size).toBe(6);
  expect(await meteringRecords(server)).toHaveLength(6);
});

/** A shop of one product, with two agreements. */
const catalogue = (title: string, endsAt: string): string => `
accounts:
  - { id: "111122223333", users: [{ name: m, accessKeyId: ${DEMO.accessKeyId}, secretAccessKey: ${DEMO.secretAccessKey} }] }
  - { id: "${BUYER}" }
products:
  - { productCode: ${DEMO.productCode}, title: ${title}, seller: "111122223333", type: saas, pricing: usage, dimensions: [{ name: seats }] }
agreements:
  - { agreementId: a1, productCode: ${DEMO.productCode}, customerAccountId: "${BUYER}", customerIdentifier: demoCustomer1, startsAt: 2020-01-01T00:00:00Z, endsAt: ${endsAt} }
  - { agreementId: a2, productCode: ${DEMO.productCode}, customerAccountId: "${BUYER}", startsAt: 2020-01-01T00:00:00Z, endsAt: ${endsAt} }
`;

test("what the API did to an agreement outlives a restart and a catalogue file that says something new of it", async () => {
  const folder = newFolder();
  const file = join(folder, "shop.yaml");
  const flags = ["--store", `sqlite:${folder}/data`, "--catalog", file];
  writeFileSync(file, catalogue("One", "2030-01-01T00:00:00Z"));
  const first = await start([...flags, ...CLOCK]);
  await act(first, "cancel", "a1");
  await act(first, "suspend", "a2");
  await first.kill();

  writeFileSync(file, catalogue("Two", "2031-01-01T00:00:00Z"));
  const second = await start([...flags, "--clock", "manual"]);
  expect((await callOperator(second, "GET", "/agreements/a1")).json).toMatchObject({
    status: "cancelled",
    cancelledAt: "2026-03-10T12:00:00.000Z",
    endsAt: "2031-01-01T00:00:00.000Z",
  });
  expect((await callOperator(second, "GET", "/agreements/a2")).json).toMatchObject({ status: "suspended" });
  // A change through the API leaves the state alone, too; and the state is not a member that can be patched.
  const shown = (await callOperator(second, "GET", "/agreements/a2")).json as object;
  const patched = await callOperator(second, "PATCH", "/agreements/a2", { body: { ...shown, freeTrial: true } });
  expect(patched.json).toMatchObject({ status: "suspended", freeTrial: true });
  const forged = await callOperator(second, "PATCH", "/agreements/a2", {
    body: { suspendedAt: null, status: "active" },
  });
  expectProblem(forged, 422, /schema/, ["unknown member suspendedAt, status"]);
  // A reset puts everything back as the file has it.
  expect((await callOperator(second, "POST", "/reset")).status).toBe(204);
  expect((await callOperator(second, "GET", "/agreements/a1")).json).toMatchObject({ status: "active" });
});

test("an agreement that is not there, or an action that is none, is refused", async () => {
  const server = await lab();
  for (const action of ["cancel", "suspend", "resume"]) {
    expectProblem(await callOperator(server, "POST", `/agreements/nothing/${action}`), 404, /No agreement nothing\./);
  }
  expectProblem(await callOperator(server, "POST", "/agreements/agmt-demo1/renew"), 404, /No such route/);
});
