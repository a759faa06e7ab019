/** What sellers meet when a customer is given other names: one agreement goes on with another, at an hour's edge. */
import { BatchMeterUsageCommand, MarketplaceMeteringServiceException } from "@aws-sdk/client-marketplace-metering";
import { describe, expect } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { add, meteringRecords, moveClock } from "../support/operator-api.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { DEMO, officialClient, type Served } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock from a time of its own" });

const NOON = Date.parse("2026-03-10T12:00:00Z");
const MINUTES = 60_000;
const BUYER = "444455556666";
const licence = (last: string): string => `arn:aws:license-manager::294406891311:license:l-${last.padStart(32, "0")}`;
const OLD = { CustomerIdentifier: "demoCustomer1" };
const NEW = { CustomerIdentifier: "renamed" };
const OLD_LICENCE = { CustomerAWSAccountId: BUYER, LicenseArn: licence("1") };
const NEW_LICENCE = { CustomerAWSAccountId: BUYER, LicenseArn: licence("77") };
const ACCOUNT = { CustomerAWSAccountId: BUYER };

const lab = (): Promise<Served> => marketOfTest({ now: "2026-03-10T12:00:00Z" });
const advance = (server: Served, minutes: number): Promise<void> => moveClock(server, { advanceSeconds: minutes * 60 });

/** The new names, from 13:00 on, unless a test says otherwise. */
const RENAMED = {
  agreementId: "renamed",
  productCode: DEMO.productCode,
  customerAccountId: BUYER,
  customerIdentifier: "renamed",
  licenseArn: licence("77"),
  replaces: "agmt-demo1",
};
const replace = (server: Served, over: object = {}): Promise<OperatorAnswer> =>
  callOperator(server, "POST", "/agreements", { body: { ...RENAMED, ...over } });
const shown = async (server: Served, id: string): Promise<unknown> =>
  (await callOperator(server, "GET", `/agreements/${id}`)).json;

/** The status of usage of so many minutes after noon, or the error's name. */
async function meter(server: Served, who: object, minute: number, quantity = 1): Promise<string> {
  const sent = { ...who, Timestamp: new Date(NOON + minute * MINUTES), Dimension: "seats", Quantity: quantity };
  const ProductCode = "LicenseArn" in who ? undefined : DEMO.productCode;
  const command = new BatchMeterUsageCommand({ ProductCode, UsageRecords: [sent] });
  try {
    const { Results = [] } = await officialClient(server.endpoint).send(command);
    return Results.map(({ Status }) => Status).join(" ");
  } catch (error) {
    if (error instanceof MarketplaceMeteringServiceException) return error.name;
    throw error;
  }
}

describe("a replacement (Rule G6)", () => {
  test("begins at the next hour that no usage has reached, and ends the old one there; both say so", async () => {
    const server = await lab();
    await advance(server, 44);
    expect((await replace(server)).json).toMatchObject({ startsAt: "2026-03-10T13:00:00.000Z", status: "pending" });
    expect(await shown(server, "renamed")).toMatchObject({ replaces: "agmt-demo1" });
    const old = await shown(server, "agmt-demo1");
    expect(old).toMatchObject({ endsAt: "2026-03-10T13:00:00.000Z", replacedBy: "renamed", status: "active" });
    await advance(server, 16);
    expect(await shown(server, "agmt-demo1")).toMatchObject({ status: "expired" });
    expect(await shown(server, "renamed")).toMatchObject({ status: "active" });
  });

  test("takes each use under the names of its own time, also where the clock has not come as far", async () => {
    const server = await lab();
    await replace(server);
    await advance(server, 50);
    expect(await meter(server, OLD, 59)).toBe("Success");
    expect(await meter(server, OLD, 61)).toBe("CustomerNotSubscribed");
    expect(await meter(server, OLD_LICENCE, 61)).toBe("InvalidLicenseException");
    expect(await meter(server, ACCOUNT, 61)).toBe("Success");
    expect(await meter(server, NEW, 61)).toBe("CustomerNotSubscribed");
    await advance(server, 15);
    expect(await meter(server, OLD, 60)).toBe("CustomerNotSubscribed");
    expect(await meter(server, NEW, 59)).toBe("CustomerNotSubscribed");
    expect(await meter(server, NEW, 60)).toBe("Success");
    expect(await meter(server, OLD_LICENCE, 60)).toBe("InvalidLicenseException");
    expect(await meter(server, NEW_LICENCE, 59)).toBe("InvalidLicenseException");
    expect(await meter(server, NEW_LICENCE, 60)).toBe("Success");
    expect(await meter(server, OLD_LICENCE, 30)).toBe("Success");
    // One key for the account, whichever agreement it is by.
    expect(await meter(server, ACCOUNT, 60)).toBe("Success");
    expect(await meteringRecords(server)).toHaveLength(5);
  });

  test("loses no late usage of the old names, while the window allows; nor does a second one behind it", async () => {
    const server = await lab();
    await replace(server);
    await advance(server, 120);
    const again = { agreementId: "third", customerIdentifier: "third", licenseArn: licence("78"), replaces: "renamed" };
    expect((await replace(server, again)).json).toMatchObject({ startsAt: "2026-03-10T15:00:00.000Z" });
    await advance(server, 150);
    expect(await meter(server, OLD, 1)).toBe("Success");
    expect(await meter(server, OLD_LICENCE, 1)).toBe("Success");
    expect(await meter(server, NEW, 179)).toBe("Success");
    expect(await meter(server, NEW, 181)).toBe("CustomerNotSubscribed");
    expect(await meter(server, { CustomerIdentifier: "third" }, 181)).toBe("Success");
    // Once the customer has gone, one hour is left for all of it (Rule G3).
    await callOperator(server, "POST", "/agreements/third/cancel");
    expect(await meter(server, OLD, 1)).toBe("Success");
    await advance(server, 60);
    expect(await meter(server, NEW, 100)).toBe("CustomerNotSubscribed");
    expect(await meter(server, OLD, 1)).toBe("Success");
  });

  test("leaves an earlier end as it is, and its late usage open until the new one begins", async () => {
    const server = await lab();
    await server.operator("PATCH", "/agreements/agmt-demo1", { endsAt: "2026-03-10T12:30:00Z" });
    await replace(server, { startsAt: "2026-03-10T15:00:00Z" });
    expect(await shown(server, "agmt-demo1")).toMatchObject({ endsAt: "2026-03-10T12:30:00.000Z" });
    await advance(server, 140);
    expect(await meter(server, OLD, 29)).toBe("Success");
    expect(await meter(server, OLD, 61)).toBe("CustomerNotSubscribed");
  });

  test("while it is suspended, the old names are too (Rule G4)", async () => {
    const server = await lab();
    await replace(server);
    await advance(server, 130);
    await callOperator(server, "POST", "/agreements/renamed/suspend");
    expect(await meter(server, OLD, 10)).toBe("CustomerNotSubscribed");
    await callOperator(server, "POST", "/agreements/renamed/resume");
    expect(await meter(server, OLD, 10)).toBe("Success");
  });

  test("of all that was metered every record is found by its account, and in one row of the report", async () => {
    const server = await lab();
    await replace(server);
    expect(await meter(server, OLD, 0, 5)).toBe("Success");
    await advance(server, 70);
    expect(await meter(server, NEW, 65, 7)).toBe("Success");
    expect(await meteringRecords(server, { customerAccountId: BUYER })).toHaveLength(2);
    const report = await callOperator(server, "GET", "/reports/usage-by-instance-type?month=2026-03&format=json");
    expect((report.json as { rows: unknown[] }).rows).toMatchObject([
      { customerReferenceId: "renamed", customerAccountId: BUYER, dimension: "seats", usageUnits: "12" },
    ]);
  });

  const refusals: readonly [string, object, number, RegExp, string?][] = [
    [
      "at no hour's edge",
      { startsAt: "2026-03-10T13:30:00Z" },
      422,
      /./,
      "startsAt: must be an hour's edge .*2026-03-10T13:00:00.000Z or a later one",
    ],
    [
      "in the past",
      { startsAt: "2026-03-10T11:00:00Z" },
      422,
      /./,
      "startsAt: must be an hour's edge .*12:00:00.000Z: 2026-03-10T13",
    ],
    ["of no agreement", { replaces: "nothing" }, 422, /./, "replaces: no agreement nothing"],
    ["of itself", { replaces: "renamed" }, 422, /./, "replaces: must be another agreement"],
    [
      "of another product",
      { replaces: "agmt-demo4", customerIdentifier: "demoCustomer1" },
      422,
      /./,
      "productCode: must be that of agreement agmt-demo4",
    ],
    [
      "of another account",
      { replaces: "agmt-demo2" },
      422,
      /./,
      "customerAccountId: must be that of agreement agmt-demo2",
    ],
    ["that ends before it begins", { endsAt: "2026-03-10T12:59:00Z" }, 422, /./, "endsAt: must lie after startsAt"],
    ["of an agreement that is replaced already", {}, 409, /is replaced by before already/],
    ["of one that was cancelled", {}, 409, /replaces: agreement agmt-demo1 was cancelled at 2026-03-10T12/],
    ["of one that has ended", {}, 409, /replaces: agreement agmt-demo1 ran out at 2026-03-10T11/],
    ["of one that is suspended", {}, 409, /replaces: agreement agmt-demo1 is suspended .* resume it first/],
  ];
  test.each(refusals)("%s is refused, and nothing changes", async (what, over, status, detail, error) => {
    const server = await lab();
    if (what.includes("already"))
      await replace(server, { agreementId: "before", customerIdentifier: "before", licenseArn: licence("70") });
    if (what.includes("cancelled")) await callOperator(server, "POST", "/agreements/agmt-demo1/cancel");
    if (what.includes("suspended")) await callOperator(server, "POST", "/agreements/agmt-demo1/suspend");
    if (what.includes("has ended"))
      await server.operator("PATCH", "/agreements/agmt-demo1", { endsAt: "2026-03-10T11:00:00Z" });
    const before = await callOperator(server, "GET", "/agreements");
    const errors = error === undefined ? undefined : [expect.stringMatching(`^${error}`) as string];
    expectProblem(await replace(server, over), status, detail, errors);
    expect((await callOperator(server, "GET", "/agreements")).json).toEqual(before.json);
  });
});

describe("names by which usage is metered never change (Rule G7):", () => {
  const changes: readonly [string, object, RegExp][] = [
    [
      "agreements/agmt-demo1",
      { customerIdentifier: "other" },
      /^customerIdentifier: it is demoCustomer1 .*replaces: agmt-demo1\.$/,
    ],
    ["agreements/agmt-demo1", { customerIdentifier: null }, /^customerIdentifier: it is demoCustomer1 /],
    [
      "agreements/agmt-demo3",
      { customerIdentifier: "first" },
      /^customerIdentifier: agreement agmt-demo3 has none.*replaces: agmt-demo3\.$/,
    ],
    ["agreements/agmt-demo1", { licenseArn: licence("5000") }, /^licenseArn: it is arn/],
    ["agreements/agmt-demo1", { licenseArn: null }, /^licenseArn: it is arn/],
    [
      "agreements/agmt-demo1",
      { customerAccountId: "777788889999" },
      /^customerAccountId: it is 444455556666 .*cancel this one\.$/,
    ],
    [
      "agreements/agmt-demo1",
      { productCode: "2abcdefghijklmnopqrstuvwx" },
      /^productCode: it is 0abc.*cancel this one\.$/,
    ],
    ["agreements/agmt-demo1", { productCode: "nothing" }, /^productCode: it is 0abc/],
    ["agreements/agmt-demo1", { replaces: "agmt-demo2" }, /^replaces: agreement agmt-demo1 has none/],
    [`products/${DEMO.productCode}`, { seller: BUYER }, /^seller: it is 111122223333 .*add a new product/],
    [`products/${DEMO.productCode}`, { type: "container" }, /^type: it is saas .*add a new product/],
  ];
  test.each(changes)("%s: %j is a conflict", async (path, change, detail) => {
    const server = await lab();
    const before = await callOperator(server, "GET", `/${path}`);
    expectProblem(await callOperator(server, "PATCH", `/${path}`, { body: change }), 409, detail);
    expect((await callOperator(server, "GET", `/${path}`)).json).toEqual(before.json);
  });
});

const patch = (server: Served, id: string, body: object): Promise<OperatorAnswer> =>
  callOperator(server, "PATCH", `/agreements/${id}`, { body });

describe("start and end move so that no use counts twice (Rule G8):", () => {
  test("a start that has passed, or is near, moves back only; one that is far moves as it likes", async () => {
    const server = await lab();
    expectProblem(
      await patch(server, "agmt-demo1", { startsAt: "2020-01-02T00:00:00Z" }),
      409,
      /^startsAt: .*begins at 2020-01-01.*earlier time only/,
    );
    expect((await patch(server, "agmt-demo1", { startsAt: "2019-01-01T00:00:00Z" })).status).toBe(200);
    const later = {
      agreementId: "later",
      productCode: DEMO.productCode,
      customerAccountId: BUYER,
      startsAt: "2026-03-10T12:15:00.001Z",
    };
    await add(server, "/agreements", later);
    expect((await patch(server, "later", { startsAt: "2026-03-10T12:15:00Z" })).status).toBe(200);
    expectProblem(await patch(server, "later", { startsAt: "2026-03-10T13:00:00Z" }), 409, /^startsAt: /);
  });

  test("those of a replacement stay where the two meet", async () => {
    const server = await lab();
    await replace(server);
    expectProblem(
      await patch(server, "renamed", { startsAt: "2026-03-10T14:00:00Z" }),
      409,
      /^startsAt: .*replaces agmt-demo1 at 2026-03-10T13/,
    );
    for (const endsAt of ["2026-03-10T13:00:00.001Z", null]) {
      expectProblem(
        await patch(server, "agmt-demo1", { endsAt }),
        409,
        /^endsAt: .*is replaced by renamed at 2026-03-10T13/,
      );
    }
    expect((await patch(server, "agmt-demo1", { endsAt: "2026-03-10T12:40:00Z" })).status).toBe(200);
    expect((await patch(server, "agmt-demo1", { freeTrial: true })).status).toBe(200);
  });

  test("an end that is set back leaves no room for other names in hours that may have been metered", async () => {
    const server = await lab();
    expect(await meter(server, OLD, -30)).toBe("Success");
    expect((await patch(server, "agmt-demo1", { endsAt: "2026-03-09T00:00:00Z" })).status).toBe(200);
    const { replaces: _, ...plain } = RENAMED;
    const from = (startsAt: string): Promise<OperatorAnswer> =>
      replace(server, { ...plain, replaces: undefined, startsAt });
    for (const startsAt of ["2026-03-10T10:00:00Z", "2026-03-10T12:59:59Z"]) {
      expectProblem(await from(startsAt), 409, /^customerIdentifier: agreement agmt-demo1 names account 444455556666/);
    }
    expect((await from("2026-03-10T13:00:00Z")).status).toBe(201);
    // Nor does the old one come back into what is the new one's by now.
    expectProblem(
      await patch(server, "agmt-demo1", { endsAt: "2026-03-10T14:00:00Z" }),
      409,
      /^customerIdentifier: agreement renamed names/,
    );
    expect((await patch(server, "agmt-demo1", { endsAt: "2026-03-10T11:45:00Z" })).status).toBe(200);
    expect(await meter(server, OLD, -30)).toBe("Success");
  });
});

describe("a new way to name a customer beside one in use is a conflict (Rule K8):", () => {
  const beside = { agreementId: "beside", productCode: DEMO.productCode, startsAt: "2026-03-10T12:00:00Z" };
  const post = (server: Served, body: object): Promise<OperatorAnswer> =>
    callOperator(server, "POST", "/agreements", { body: { ...beside, ...body } });

  test("another identifier, now or while the other is yet to begin", async () => {
    const server = await lab();
    expectProblem(
      await post(server, { customerAccountId: BUYER, customerIdentifier: "another" }),
      409,
      /^customerIdentifier: .*with demoCustomer1 .*replaces: agmt-demo1 takes over/,
    );
    await add(server, "/agreements", {
      ...beside,
      agreementId: "to-come",
      customerAccountId: "222233334444",
      customerIdentifier: "first",
      startsAt: "2026-04-01T00:00:00Z",
    });
    expectProblem(
      await post(server, { customerAccountId: "222233334444", customerIdentifier: "second" }),
      409,
      /^customerIdentifier: .*agreement to-come /,
    );
  });

  test("an identifier or a licence where the one in use has none", async () => {
    const server = await lab();
    await add(server, "/agreements", { ...beside, agreementId: "bare", customerAccountId: "222233334444" });
    const both = { customerAccountId: "222233334444" };
    expectProblem(
      await post(server, { ...both, customerIdentifier: "first" }),
      409,
      /^customerIdentifier: .*agreement bare .*without one/,
    );
    expectProblem(
      await post(server, { ...both, licenseArn: licence("80") }),
      409,
      /^licenseArn: .*agreement bare .*without one/,
    );
    const replaced = await post(server, { ...both, licenseArn: licence("80"), replaces: "bare", startsAt: undefined });
    expect(replaced.status, replaced.text).toBe(201);
  });

  test("another licence beside a licence, the same identifier, and names fewer than before are none", async () => {
    const server = await lab();
    const bodies = [
      { agreementId: "one", customerIdentifier: "demoCustomer1", licenseArn: licence("81") },
      { agreementId: "two", licenseArn: licence("82") },
      { agreementId: "three" },
    ];
    for (const body of bodies) expect((await post(server, { customerAccountId: BUYER, ...body })).status).toBe(201);
  });
});
