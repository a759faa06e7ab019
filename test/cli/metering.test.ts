/** `access-key`, `token`, `records`, `clock` and `reset`. */
import { BatchMeterUsageCommand, ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
});
afterAll(() => server.stop());

const { run, ok, json, fails } = commandsFor(() => server);

/** Sends seats of the last three hours; answers their ids, newest hour first. */
async function meter(credentials: { accessKeyId: string; secretAccessKey: string } = DEMO): Promise<string[]> {
  const client = officialClient(server.endpoint, credentials);
  try {
    const hours = [11, 10, 9];
    const { Results = [] } = await client.send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: hours.map((hour) => ({
          Timestamp: new Date(Date.UTC(2026, 6, 20, hour, 30)),
          CustomerIdentifier: "demoCustomer1",
          Dimension: "seats",
          Quantity: hour ** 2,
        })),
      }),
    );
    return Results.map(({ MeteringRecordId = "" }) => MeteringRecordId);
  } finally {
    client.destroy();
  }
}

describe("access-key", () => {
  test("create prints the key and its secret, with which callers sign at once", async () => {
    const text = await ok("access-key", "create", DEMO.seller);
    const {
      accessKeyId = "",
      secretAccessKey = "",
      ...rest
    } = Object.fromEntries(cellsOf(text)) as Record<string, string>;
    expect(rest).toMatchObject({ accountId: DEMO.seller, userName: "metering" });
    expect(text).toMatch(/\n\nThe secret is not shown again\.\n$/);
    expect(await meter({ accessKeyId, secretAccessKey })).toHaveLength(3);
  });

  test("create takes a user, and prints JSON", async () => {
    const key = await json("access-key", "create", DEMO.seller, "--user", "read-only");
    expect(key).toMatchObject({ accountId: DEMO.seller, userName: "read-only" });
    expect(key).toHaveProperty("secretAccessKey");
  });

  test("delete takes a key away", async () => {
    const { accessKeyId } = (await json("access-key", "create", DEMO.seller)) as { accessKeyId: string };
    expect(await ok("access-key", "delete", DEMO.seller, accessKeyId)).toBe(`Access key ${accessKeyId} is gone.\n`);
    expect(await fails(1, "access-key", "delete", DEMO.seller, accessKeyId, "--json")).toContain("has no access key");
    expect(await ok("account", "show", DEMO.seller)).not.toContain(accessKeyId);
  });

  test("both end with 1 where the server refuses, with 2 where something is missing", async () => {
    expect(await fails(1, "access-key", "create", "999999999999")).toBe("countinghouse: No account 999999999999.\n");
    expect(await fails(1, "access-key", "create", DEMO.seller, "--user", "nobody")).toContain("userName: ");
    expect(await fails(2, "access-key", "create")).toContain("missing required argument 'account-id'");
    expect(await fails(2, "access-key", "delete", DEMO.seller)).toContain("missing required argument 'key-id'");
  });
});

describe("token create", () => {
  test("prints the token and nothing else, so that it can be used in a shell", async () => {
    const text = await ok("token", "create", "agmt-demo1");
    expect(text).toMatch(/^[A-Za-z0-9+/]+=+\n$/);
    const client = officialClient(server.endpoint);
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken: text.trim() }));
    expect(resolved.CustomerIdentifier).toBe("demoCustomer1");
    client.destroy();
  });

  test("prints with --json when it expires", async () => {
    expect(await json("token", "create", "agmt-demo1")).toEqual({
      registrationToken: expect.any(String) as string,
      expiresAt: expect.stringMatching(/^2026-07-20T/) as string,
    });
  });

  test("ends with 1 for an unknown agreement", async () => {
    expect(await fails(1, "token", "create", "nothing")).toBe("countinghouse: No agreement nothing.\n");
  });
});

describe("records list", () => {
  test("prints metering records by hour, quantities to the right", async () => {
    const [newest, , oldest] = await meter();
    const text = await ok("records", "list");
    const lines = text.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^hour +productCode +customer +dimension +quantity +recordedAt +meteringRecordId$/);
    expect(lines).toHaveLength(4);
    expect(cellsOf(text)[1]).toEqual([
      "2026-07-20T09:00:00.000Z",
      DEMO.productCode,
      "demoCustomer1",
      "seats",
      "81",
      "2026-07-20T12:00:00.000Z",
      oldest,
    ]);
    const quantityEnds = (lines[0]?.indexOf("quantity") ?? 0) + "quantity".length;
    for (const line of lines) expect(line.slice(0, quantityEnds + 2)).toMatch(/\S {2}$/);
    expect(lines[3]).toContain(newest);
  });

  test("prints with --json all that is known of them", async () => {
    const { items } = (await server.operator("GET", "/metering-records")).body as { items: unknown[] };
    expect(items).toHaveLength(3);
    expect(await json("records", "list")).toEqual(items);
  });

  test.each([
    [["--product", DEMO.productCode], 3],
    [["--product", "1abcdefghijklmnopqrstuvwx"], 0],
    [["--customer-account", "444455556666", "--dimension", "seats"], 3],
    [["--dimension", "queries"], 0],
    [["--from", "2026-07-20T10:30:00Z"], 2],
    [["--from", "2026-07-20", "--to", "2026-07-20T12:00:00+02:00"], 1],
  ])("with %j finds %i", async (filter, count) => {
    expect(await json("records", "list", ...filter)).toHaveLength(count);
  });

  test("prints only the heading where there is nothing", async () => {
    expect((await ok("records", "list", "--dimension", "queries")).split("\n")).toHaveLength(2);
  });

  test("says when there is more than its limit", async () => {
    const { code, stdout, stderr } = await run(["records", "list", "--limit", "2", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect(stderr).toBe("There may be more than these 2: raise --limit.\n");
  });

  test("ends with 2 for limits and times that are none", async () => {
    for (const limit of ["0", "1.5", "1000001"]) {
      expect(await fails(2, "records", "list", "--limit", limit)).toContain(
        "It must be a whole number from 1 to 1000000.",
      );
    }
    expect(await fails(2, "records", "list", "--from", "yesterday")).toContain(
      "It must be a time with its zone, such as",
    );
  });
});

describe("clock", () => {
  test("show prints where it stands", async () => {
    expect(await ok("clock", "show")).toBe("now   2026-07-20T12:00:00.000Z\nmode  manual\n");
    expect(await json("clock", "show")).toEqual({ now: "2026-07-20T12:00:00.000Z", mode: "manual" });
  });

  test("set and advance move it forward, and print where it stands then", async () => {
    expect(await json("clock", "set", "2026-07-20T14:30:00+02:00")).toMatchObject({ now: "2026-07-20T12:30:00.000Z" });
    const steps = [
      ["30", "2026-07-20T12:30:30.000Z"],
      ["90s", "2026-07-20T12:32:00.000Z"],
      ["15m", "2026-07-20T12:47:00.000Z"],
      ["6h", "2026-07-20T18:47:00.000Z"],
      ["2d", "2026-07-22T18:47:00.000Z"],
    ] as const;
    for (const [step, now] of steps) expect(await ok("clock", "advance", step)).toBe(`now   ${now}\nmode  manual\n`);
  });

  test("ends with 1 where it would go back, with 2 for what is no time", async () => {
    expect(await fails(1, "clock", "set", "2026-07-01")).toContain("The clock moves forward only");
    expect(await fails(2, "clock", "set", "now")).toContain("It must be a time with its zone, such as");
    for (const duration of ["1w", "-5", "1.5h"]) {
      const complaint = await fails(2, "clock", "advance", "--", duration);
      expect(complaint).toContain("It must be a duration of at most 100 years, such as 90s, 15m, 6h or 2d.");
    }
    expect(await fails(2, "clock", "advance")).toContain("missing required argument 'duration'");
  });
});

describe("reset", () => {
  test("without --yes says what it would do, does nothing, and ends with 2", async () => {
    const complaint = await fails(2, "reset");
    expect(complaint).toContain(`the server at ${server.operatorUrl}`);
    expect(complaint).toContain("Nothing was done: add --yes to do it.");
    expect(await json("records", "list")).toHaveLength(3);
  });

  test("with --yes empties the ledger", async () => {
    await ok("account", "add", "--id", "999900001111");
    expect(await ok("reset", "--yes")).toMatch(/^The ledger is empty/);
    expect(await json("records", "list")).toEqual([]);
    expect(await fails(1, "account", "show", "999900001111")).toContain("No account");
    expect(await json("reset", "--yes")).toEqual({ reset: true });
  });
});
