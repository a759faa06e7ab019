/** `product`, `agreement` and `account`: list, show, and add by flags. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-07-20T12:00:00Z"]);
});
afterAll(() => server.stop());

const { ok, json, fails } = commandsFor(() => server);

describe("list", () => {
  test("prints products as a table, whole and aligned", async () => {
    expect(await ok("product", "list")).toBe(
      [
        "productCode                title         seller        type  pricing              dimensions",
        "0abcdefghijklmnopqrstuvwx  Acme Logs     111122223333  saas  usage                gb_ingested, queries, seats",
        "1abcdefghijklmnopqrstuvwx  Acme Traces   111122223333  saas  contract-with-usage  spans, retention_days",
        "2abcdefghijklmnopqrstuvwx  Acme Archive  111122223333  saas  contract             users, storage_tb, single_sign_on, edition",
        "",
      ].join("\n"),
    );
  });

  test("prints agreements, and a dash for what an agreement has not", async () => {
    const [heading, first, , third] = cellsOf(await ok("agreement", "list"));
    const members = [
      "agreementId",
      "productCode",
      "customerAccountId",
      "customerIdentifier",
      "startsAt",
      "endsAt",
      "status",
      "licenseArn",
    ];
    expect(heading).toEqual(members);
    expect(first).toEqual([
      "agmt-demo1",
      "0abcdefghijklmnopqrstuvwx",
      "444455556666",
      "demoCustomer1",
      "2020-01-01T00:00:00.000Z",
      "-",
      "active",
      "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001",
    ]);
    expect(third?.[3]).toBe("-");
  });

  test("prints accounts with their users and keys, and no secret", async () => {
    const text = await ok("account", "list");
    expect(cellsOf(text)[1]).toEqual([
      "111122223333",
      "Acme (the seller)",
      "metering, read-only",
      "AKIACOUNTINGHOUSE001, AKIACOUNTINGHOUSE002",
    ]);
    expect(text).not.toContain("example-secret");
  });

  test("prints with --json what the operator API answers", async () => {
    for (const noun of ["product", "agreement", "account"]) {
      const { items } = (await server.operator("GET", `/${noun}s`)).body as { items: unknown };
      expect(await json(noun, "list")).toEqual(items);
    }
  });
});

describe("show", () => {
  test("prints one member to a line, and lists as tables", async () => {
    expect(await ok("product", "show", "1abcdefghijklmnopqrstuvwx")).toBe(
      [
        "productCode    1abcdefghijklmnopqrstuvwx",
        "title          Acme Traces",
        "seller         111122223333",
        "type           saas",
        "pricing        contract-with-usage",
        "fulfilmentUrl  http://127.0.0.1:3000/register",
        "dimensions",
        "  name            description        unit     price  kind",
        "  spans           Spans kept         Million  1.50   metered",
        "  retention_days  Days of retention  Day      -      entitled",
        "",
      ].join("\n"),
    );
    expect(await ok("account", "show", "444455556666")).toMatch(/^id +444455556666\ntitle +First buyer\nusers +-\n/);
    expect(await ok("agreement", "show", "agmt-demo3")).toMatch(
      /\nentitlements\n {2}dimension +value\n {2}retention_days +30\nstatus +active\n$/,
    );
  });

  test("prints with --json what the operator API answers", async () => {
    const { body } = await server.operator("GET", "/accounts/111122223333");
    expect(await json("account", "show", "111122223333")).toEqual(body);
  });

  test("ends with 1 where there is nothing of that id", async () => {
    expect(await fails(1, "product", "show", "nothing")).toBe("countinghouse: No product nothing.\n");
    expect(await fails(1, "agreement", "show", "../accounts")).toBe("countinghouse: No agreement ../accounts.\n");
    expect(await fails(1, "account", "show", "1", "--json")).toBe("countinghouse: No account 1.\n");
  });

  test("ends with 2 where the id is missing", async () => {
    expect(await fails(2, "product", "show")).toContain("missing required argument 'id'");
  });
});

describe("product set-price", () => {
  const of = ["0abcdefghijklmnopqrstuvwx", "queries"] as const;

  test("sets it from the coming hour on, or from a later one; show tells all of them (Rule P3)", async () => {
    expect(await ok("product", "set-price", ...of, "0.02")).toBe(
      "Prices of queries: 0.01, 0.02 from 2026-07-20T13:00:00.000Z.\n",
    );
    const later = await json("product", "set-price", ...of, "0.03", "--effective-from", "2026-08-01");
    expect(await json("product", "show", of[0])).toEqual(later);
    const text = await ok("product", "show", of[0]);
    expect(cellsOf(text).slice(-3)).toEqual([
      ["", "gb_ingested", "Gigabytes ingested", "GB", "0.25", "metered", "-"],
      [
        "",
        "queries",
        "Queries run",
        "Thousand",
        "0.01",
        "metered",
        "0.01, 0.02 from 2026-07-20T13:00:00.000Z, 0.03 from 2026-08-01T00:00:00.000Z",
      ],
      ["", "seats", "Named seats", "Seat", "4.00", "metered", "-"],
    ]);
    expect(await ok("product", "set-price", ...of, "0.01")).toBe("Prices of queries: 0.01.\n");
  });

  test("ends with 1 where the server refuses, and says which hour it would accept", async () => {
    expect(await fails(1, "product", "set-price", ...of, "1", "--effective-from", "2026-07-20")).toContain(
      "effectiveFrom: the price of an hour that has begun never changes; effectiveFrom can be 2026-07-20T13:00:00.000Z or later",
    );
    expect(await fails(1, "product", "set-price", ...of, "dear")).toContain("price: must be a decimal number");
    expect(await fails(1, "product", "set-price", of[0], "nothing", "1")).toContain("has no dimension nothing");
    expect(await fails(2, "product", "set-price", ...of)).toContain("missing required argument 'price'");
    expect(await fails(2, "product", "set-price", ...of, "1", "--effective-from", "soon")).toContain("must be a time");
  });
});

describe("account add", () => {
  test("adds an account with a title and a user", async () => {
    const added = await ok("account", "add", "--id", "999900001111", "--title", "New buyer", "--user", "app");
    expect(added).toBe("Added account 999900001111.\n");
    expect(await json("account", "show", "999900001111")).toEqual({
      id: "999900001111",
      title: "New buyer",
      users: [{ name: "app", accessKeyIds: [] }],
      roles: [],
    });
  });

  test("prints with --json what it added", async () => {
    expect(await json("account", "add", "--id", "999900002222")).toEqual({ id: "999900002222", users: [], roles: [] });
  });

  test("ends with 1 where the server refuses, and says which member is wrong", async () => {
    expect(await fails(1, "account", "add", "--id", "12")).toBe(
      "countinghouse: The request does not fit its schema.\n  id: must be twelve digits, quoted\n",
    );
    expect(await fails(1, "account", "add", "--id", "111122223333")).toContain("exists already");
  });

  test("ends with 2 without --id and --file, and with both", async () => {
    expect(await fails(2, "account", "add", "--title", "No id")).toBe(
      "countinghouse: account add needs --id, or --file.\n",
    );
    expect(await fails(2, "account", "add", "--id", "999900003333", "--file", "x.yaml")).toContain(
      "cannot be used with",
    );
  });
});

const LICENCE = "arn:aws:license-manager::294406891311:license:l-";

describe("agreement add", () => {
  const needed = ["--product", "0abcdefghijklmnopqrstuvwx", "--customer-account", "444455556666"];

  test("adds an agreement that begins now, by the service clock", async () => {
    expect(await ok("agreement", "add", "--id", "agmt-1", ...needed)).toBe("Added agreement agmt-1.\n");
    expect(await json("agreement", "show", "agmt-1")).toEqual({
      agreementId: "agmt-1",
      productCode: "0abcdefghijklmnopqrstuvwx",
      customerAccountId: "444455556666",
      startsAt: "2026-07-20T12:00:00.000Z",
      entitlements: [],
      status: "active",
    });
  });

  test("adds all that its flags say", async () => {
    const licenseArn = "arn:aws:license-manager::294406891311:license:l-1";
    const flags = ["--customer-identifier", "demoCustomer1", "--license-arn", licenseArn];
    const times = ["--starts-at", "2026-07-01", "--ends-at", "2027-07-01T02:00:00+02:00"];
    expect(await json("agreement", "add", "--id", "agmt 2/3", ...needed, ...flags, ...times)).toEqual({
      agreementId: "agmt 2/3",
      productCode: "0abcdefghijklmnopqrstuvwx",
      customerAccountId: "444455556666",
      customerIdentifier: "demoCustomer1",
      licenseArn,
      startsAt: "2026-07-01T00:00:00.000Z",
      endsAt: "2027-07-01T00:00:00.000Z",
      entitlements: [],
      status: "active",
    });
    expect(await json("agreement", "show", "agmt 2/3")).toMatchObject({ licenseArn });
  });

  test("gives a customer other names by what replaces an agreement (Rule G6)", async () => {
    const flags = ["--replaces", "agmt-demo4", "--customer-identifier", "renamed", "--license-arn", `${LICENCE}4004`];
    const product = ["--product", "2abcdefghijklmnopqrstuvwx", "--customer-account", "444455556666"];
    const added = await json("agreement", "add", "--id", "agmt-renamed", ...product, ...flags);
    expect(added).toMatchObject({ replaces: "agmt-demo4", startsAt: "2026-07-20T13:00:00.000Z", status: "pending" });
    const old = await json("agreement", "show", "agmt-demo4");
    expect(old).toMatchObject({ replacedBy: "agmt-renamed", endsAt: "2026-07-20T13:00:00.000Z" });
    expect(await ok("agreement", "show", "agmt-demo4")).toMatch(/replacedBy:? +agmt-renamed/);
    const again = await fails(1, "agreement", "add", "--id", "agmt-again", ...product, "--replaces", "agmt-demo4");
    expect(again).toContain("replaces: agreement agmt-demo4 is replaced by agmt-renamed already");
  });

  test("ends with 1 where the server refuses", async () => {
    const complaint = await fails(1, "agreement", "add", "--id", "agmt-3", "--product", "x", "--customer-account", "1");
    expect(complaint).toContain("customerAccountId: must be twelve digits");
  });

  test("ends with 2 where a flag is missing, or no time", async () => {
    expect(await fails(2, "agreement", "add", "--id", "agmt-3")).toContain(
      "needs --id, --product and --customer-account",
    );
    for (const time of ["2026-07-01T12:00", "2026-13-01", "1785000000"]) {
      const complaint = await fails(2, "agreement", "add", "--id", "agmt-3", ...needed, "--starts-at", time);
      expect(complaint).toContain("It must be a time with its zone, such as 2026-07-01T06:00:00Z, or a day.");
    }
  });
});

describe("agreement cancel, suspend, resume", () => {
  test("do what they say, and say what they did", async () => {
    expect(await ok("agreement", "suspend", "agmt-demo2")).toBe("Suspended agreement agmt-demo2.\n");
    expect(await json("agreement", "show", "agmt-demo2")).toMatchObject({ status: "suspended" });
    expect(await ok("agreement", "resume", "agmt-demo2")).toBe("Resumed agreement agmt-demo2; it is active.\n");
    expect(await json("agreement", "cancel", "agmt-demo2")).toMatchObject({
      status: "cancelled",
      cancelledAt: "2026-07-20T12:00:00.000Z",
    });
    expect(await ok("agreement", "cancel", "agmt-demo3")).toBe(
      "Cancelled agreement agmt-demo3 at 2026-07-20T12:00:00.000Z; final records are accepted for one hour from then.\n",
    );
  });

  test("end with 1 where the server refuses", async () => {
    expect(await fails(1, "agreement", "cancel", "agmt-demo3")).toContain("was cancelled at 2026-07-20T12:00:00.000Z");
    expect(await fails(1, "agreement", "resume", "agmt-demo1")).toContain("is not suspended");
    expect(await fails(1, "agreement", "suspend", "nothing")).toContain("No agreement nothing.");
    expect(await fails(2, "agreement", "cancel")).toContain("missing required argument 'id'");
  });
});
