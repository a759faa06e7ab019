/** Times are read in one way, by whatever door they come in: what is one at one door is one at each, and nothing else is. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agreementDocumentSchema } from "../../packages/server/src/operator/contract/catalogue/agreement.ts";
import { configOf } from "../../packages/server/src/config.ts";
import { timeArgument } from "../../packages/server/src/cli/arguments.ts";
import { taskObservation } from "../../packages/server/src/observers/ecs/task-state-change.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { DEMO, runCommand, startServer, temporaryFolder } from "../support/server.ts";

const EXPECTED = "must be a time with its zone, such as 2026-07-01T06:00:00Z";

const NO_TIMES = [
  "2026-02-31T00:00:00Z",
  "2025-02-29T12:00:00Z",
  "2026-03-14T24:00:00Z",
  "2026-03-14T23:59:60Z",
  "2026-03-14T12:30:00",
  "2026-03-14T12:30:00+0530",
  "2026-03-14T12:30:00+05:75",
  "2026-03-14 12:30:00Z",
  "5",
] as const;

/** The same moment. */
const SAME = [
  "2026-03-15T10:30:00Z",
  "2026-03-15T10:30Z",
  "2026-03-15T16:00:00.000+05:30",
  "2026-03-15T00:30:00-10:00",
];

const folder = temporaryFolder();
let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket({ now: "2026-03-15T10:00:00Z" });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const agreement = (startsAt: string): object => ({
  agreementId: `agmt ${startsAt}`,
  productCode: DEMO.productCode,
  customerAccountId: "444455556666",
  startsAt,
});

describe.each(NO_TIMES)("%s is no time", (text) => {
  test("in a query of the operator API", async () => {
    for (const path of ["/metering-records", "/audit-events"]) {
      for (const member of ["from", "to"]) {
        const answer = await callOperator(server, "GET", `${path}?${member}=${encodeURIComponent(text)}`);
        expectProblem(answer, 422, /does not fit/, [`${member}: ${EXPECTED}`]);
      }
    }
  });

  test("in a body of the operator API", async () => {
    const created = await callOperator(server, "POST", "/agreements", { body: agreement(text) });
    expectProblem(created, 422, /does not fit/, [`startsAt: ${EXPECTED}`]);
    const patched = await callOperator(server, "PATCH", "/agreements/agmt-demo1", { body: { endsAt: text } });
    expectProblem(patched, 422, /does not fit/, [`endsAt: ${EXPECTED}`]);
    const moved = await callOperator(server, "PUT", "/clock", { body: { now: text } });
    expectProblem(moved, 422, /does not fit/, [`now: ${EXPECTED}`]);
    const resource = { platform: "ec2", externalId: "i-1", accountId: "444455556666", region: "us-east-1" };
    const added = await callOperator(server, "POST", "/resources", { body: { ...resource, startedAt: text } });
    expectProblem(added, 422, /does not fit/, [`startedAt: ${EXPECTED}`]);
  });

  test("in a catalogue file, a flag and an argument: exit code 2, with its place", async () => {
    const file = join(folder.path, "catalogue.yaml");
    const lines = ["agreementId: a", "productCode: p", 'customerAccountId: "444455556666"', `startsAt: "${text}"`];
    writeFileSync(file, `agreements:\n  - ${lines.join("\n    ")}\n`);
    const [catalogue, clock, argument] = await Promise.all([
      runCommand(["serve", "--store", "memory:", "--port", "0", "--catalog", file]),
      // In a zone that is not UTC nothing else is made of it.
      runCommand(["serve", "--store", "memory:", "--port", "0", "--clock", `manual:${text}`], {
        TZ: "America/New_York",
      }),
      runCommand(["records", "list", "--from", text], { TZ: "America/New_York" }),
    ]);
    expect(catalogue.stderr).toContain(`${file}:5:15: agreements.0.startsAt: ${EXPECTED}`);
    expect(clock.stderr).toBe(`countinghouse: --clock manual:… ${EXPECTED}; got ${text}.\n`);
    expect(argument.stderr).toContain(`It ${EXPECTED}, or a day.`);
    expect([catalogue.code, clock.code, argument.code]).toEqual([2, 2, 2]);
  });
});

test.each(SAME)("%s is 10:30 in UTC, wherever it is written", async (text) => {
  const zoned = { TZ: "Asia/Kolkata" };
  const started = await startServer(["--store", "memory:", "--clock", `manual:${text}`], zoned);
  expect((await started.operator("GET", "/clock")).body).toEqual({ now: "2026-03-15T10:30:00.000Z", mode: "manual" });
  const added = await callOperator(started, "POST", "/agreements", { body: agreement(text) });
  expect(added.json).toMatchObject({ startsAt: "2026-03-15T10:30:00.000Z" });
  const { operatorUrl, operatorToken } = started;
  const connection = ["--operator-url", operatorUrl, "--operator-token", operatorToken];
  const set = await runCommand(["clock", "set", text, "--json", ...connection], zoned);
  expect(JSON.parse(set.stdout)).toEqual({ now: "2026-03-15T10:30:00.000Z", mode: "manual" });
  const listed = await callOperator(started, "GET", `/metering-records?from=${encodeURIComponent(text)}`);
  expect(listed.json).toEqual({ items: [] });
  await started.stop();
});

test("a day is its first moment in UTC on the command line, where it is in the calendar", () => {
  expect(timeArgument("2024-02-29")).toBe("2024-02-29T00:00:00.000Z");
  for (const text of ["2026-02-29", "2026-02-31", "2026-00-01", "2026-1-1"])
    expect(() => timeArgument(text)).toThrow(/day/);
});

/** What each door makes of a text: the moment, or nothing. */
const DOORS: readonly ((text: string) => number | undefined)[] = [
  (text) => orNothing(() => configOf({ ...FLAGS, clock: `manual:${text}` }).clock.startMs),
  (text) => orNothing(() => configOf({ ...FLAGS, clock: `offset:${text}` }).clock.startMs),
  (text) => orNothing(() => (/^\d{4}-\d\d-\d\d$/.test(text) ? undefined : Date.parse(timeArgument(text)))),
  (text) => (agreementDocumentSchema.safeParse(agreement(text)).success ? Date.parse(text) : undefined),
  (text) => {
    const observed = taskObservation(taskEvent(text), Number.MAX_SAFE_INTEGER);
    return "startedAtMs" in observed ? observed.startedAtMs : undefined;
  },
];

const FLAGS = {
  host: "127.0.0.1",
  port: "0",
  store: "memory:",
  rules: "classic",
  clock: "system",
  quotas: "off",
  requestTimeoutSeconds: "30",
  freeSpaceMinMib: "0",
  queuedRequestsMax: "10",
};

function taskEvent(createdAt: string): Readonly<Record<string, unknown>> {
  const detail = { taskArn: "arn:aws:ecs:us-east-1:444455556666:task/c/1", version: 1, createdAt };
  const time = "2026-03-15T10:30:00Z";
  return { "detail-type": "ECS Task State Change", source: "aws.ecs", account: "1", region: "r", time, detail };
}

function orNothing(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function part(max: number): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
}

test("the text of any date is that date at every door, and a text that one refuses all refuse", () => {
  const zone = fc.oneof(
    fc.constantFrom("Z", "", "z"),
    fc.tuple(fc.constantFrom("+", "-"), part(25), part(61)).map(([sign, h, m]) => `${sign}${h}:${m}`),
  );
  const nearly = fc
    .tuple(
      fc.integer({ min: 1, max: 9_998 }),
      part(13),
      part(32),
      fc.constantFrom("T", " "),
      part(25),
      part(61),
      part(61),
      zone,
    )
    .map(
      ([year, month, day, t, h, m, s, z]) => `${String(year).padStart(4, "0")}-${month}-${day}${t}${h}:${m}:${s}${z}`,
    );
  const dates = fc.date({ min: new Date(0), max: new Date("9999-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      for (const read of DOORS) expect(read(date.toISOString())).toBe(date.getTime());
    }),
  );
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string()), (text) => {
      const [first, ...others] = DOORS.map((read) => read(text));
      for (const other of others) expect(other, text).toBe(first);
    }),
    { numRuns: 1_000 },
  );
});

test.each(["0x1F90", "8e3", " 80", "80.0", "+80", "-1", "65536", ""])("a port of %j is none", (port) => {
  expect(() => configOf({ ...FLAGS, port })).toThrow(/^--port must be a whole number from 0 to 65535; got /);
});

test.each(["/metering-records", "/audit-events", "/requests"])(
  "%s of a time that ends before it begins is refused: an empty list would say that nothing had happened",
  async (path) => {
    for (const to of ["2026-03-15T10:00:00Z", "2026-03-15T15:30:00+05:30", "2026-03-14T10:00:00Z"]) {
      const answer = await callOperator(
        server,
        "GET",
        `${path}?from=2026-03-15T10:00:00Z&to=${encodeURIComponent(to)}`,
      );
      expectProblem(answer, 422, /does not fit/, ["to: must lie after from"]);
    }
  },
);
