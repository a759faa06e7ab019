/** Texts of strangers, and of sellers, reach whoever reads them as texts: nothing that a terminal or a spreadsheet acts on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callOperator } from "../support/operator-call.ts";
import { add } from "../support/operator-api.ts";
import { newFolder } from "../support/scoped.ts";
import { DEMO, officialClient, startServer, type RunningServer } from "../support/server.ts";
import { commandsFor } from "./command.ts";

/** As bytes on the wire: U+009B by itself, then U+202E in UTF-8. */
const USER_AGENT = "agent \u009b2J \u00e2\u0080\u00ae end";
const ACTED_ON = /[[\p{Cc}\p{Bidi_Control}]--\n]/v;
const FORMULA = '=HYPERLINK("http://203.0.113.1","see")';

let server: RunningServer;
const { ok } = commandsFor(() => server);
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-03-10T12:00:00Z"]);
  const body = { id: "999900001111" };
  const made = await callOperator(server, "POST", "/accounts", { body, headers: { "user-agent": USER_AGENT } });
  expect(made.status).toBe(201);
  const dimensions = [{ name: "-1+1", unit: "@calls", price: "0.5" }];
  const product = { productCode: "formulas", title: FORMULA, type: "saas", pricing: "usage", dimensions };
  await add(server, "/products", { ...product, seller: DEMO.seller });
  const agreement = { agreementId: "formulas", productCode: "formulas", customerAccountId: "444455556666" };
  await add(server, "/agreements", { ...agreement, customerIdentifier: "+1", startsAt: "2020-01-01T00:00:00Z" });
  const Timestamp = new Date("2026-03-10T11:30:00Z");
  const UsageRecords = [{ Timestamp, CustomerIdentifier: "+1", Dimension: "-1+1", Quantity: 3 }];
  const command = new BatchMeterUsageCommand({ ProductCode: "formulas", UsageRecords });
  expect((await officialClient(server.endpoint).send(command)).Results).toMatchObject([{ Status: "Success" }]);
});
afterAll(() => server.stop());

test("audit events as JSON say what was sent, with such characters escaped", async () => {
  const file = join(newFolder(), "events.jsonl");
  await ok("audit", "export", "--event", "CreateAccount", "--to", file);
  const printed = [
    await ok("audit", "search", "--event", "CreateAccount", "--json"),
    await ok("audit", "export", "--event", "CreateAccount", "--to", "-"),
    readFileSync(file, "utf8"),
  ];
  for (const text of printed) {
    expect(text).not.toMatch(ACTED_ON);
    const [event] = [JSON.parse(text) as unknown].flat() as { userAgent: string }[];
    expect(event?.userAgent).toContain("\u009b2J");
  }
});

test("a report makes cells that look like formulas texts, and leaves numbers numbers", async () => {
  const text = await ok("report", "usage-by-instance-type", "--month", "2026-03");
  const [, row] = text.split("\r\n");
  expect(row).toBe(
    `'+1,,,"'${FORMULA.replaceAll('"', '""')}",formulas,'-1+1,3,'@calls,Usage,1.5,USD,,,444455556666,,,,,,,,,`,
  );
});
