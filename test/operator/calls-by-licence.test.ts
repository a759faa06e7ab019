/** A refused batch whose records name licences is about the seller's product; a stranger's is about nobody's. */
import { BatchMeterUsageCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { EventSource } from "../support/event-source.ts";
import { add } from "../support/operator-api.ts";
import { callOperator } from "../support/operator-call.ts";
import { DEMO, officialClient } from "../support/server.ts";
import { until } from "../support/until.ts";

const LicenseArn = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001";
const OTHER = "1abcdefghijklmnopqrstuvwx";

test("refused batches by licence are found among the calls about their product, as they happen and afterwards", async () => {
  const server = await marketOfTest({ now: "2026-04-10T09:30:00Z" });
  const query = `?productCode=${DEMO.productCode}`;
  const source = await EventSource.open(server, { query });
  onTestFinished(() => source.close());
  // The client sends again what was throttled.
  const send = async (credentials: object, over: Partial<UsageRecord> = {}): Promise<void> => {
    const client = officialClient(server.endpoint, credentials as typeof DEMO);
    const record = { CustomerAWSAccountId: "444455556666", LicenseArn, Dimension: "gb_ingested", Quantity: 1 };
    const UsageRecords = [{ ...record, Timestamp: new Date("2026-04-10T09:10:00Z"), ...over }];
    await client.send(new BatchMeterUsageCommand({ UsageRecords })).catch(() => undefined);
    client.destroy();
  };
  await add(server, "/accounts", { id: "999988887777", users: [{ name: "stranger" }] });
  const { json: stranger } = await callOperator(server, "POST", "/accounts/999988887777/access-keys", { body: {} });
  const policy = { Statement: { Effect: "Deny", Action: "*", Resource: "*" } };
  await callOperator(server, "PATCH", `/accounts/${DEMO.seller}`, { body: { users: [{ name: "metering" }, { name: "denied", policy }] } }); // prettier-ignore
  const { json: denied } = await callOperator(server, "POST", `/accounts/${DEMO.seller}/access-keys`, { body: { userName: "denied" } }); // prettier-ignore

  await send(DEMO, { Timestamp: new Date("2026-04-08T09:10:00Z") });
  const fault = { operation: "BatchMeterUsage", kind: "throttle", match: { productCode: DEMO.productCode } };
  await callOperator(server, "POST", "/faults", { body: fault });
  await send(DEMO);
  await send(denied as object);
  await send(stranger as object);

  const found = async (asked: string): Promise<readonly object[]> => {
    const { json } = await callOperator(server, "GET", `/requests${asked}&operation=BatchMeterUsage&order=oldest`);
    return (json as { items: { code?: string; accountId: string; productCode?: string }[] }).items.map(
      ({ code, accountId, productCode }) => ({ code, accountId, productCode }),
    );
  };
  const mine = { accountId: DEMO.seller, productCode: DEMO.productCode };
  const codes = ["TimestampOutOfBoundsException", "ThrottlingException", undefined, "AccessDeniedException"];
  expect(await found(query)).toEqual(codes.map((code) => ({ code, ...mine })));
  expect(await found(`?productCode=${OTHER}`)).toEqual([]);
  const stranger1 = { code: "InvalidLicenseException", accountId: "999988887777", productCode: undefined };
  expect(await found("?accountId=999988887777")).toEqual([stranger1]);
  const told = (): readonly object[] =>
    source.events
      .filter(({ data }) => data["eventName"] === "BatchMeterUsage")
      .map(({ data: { errorCode: code, recipientAccountId: accountId, productCode } }) => ({
        code,
        accountId,
        productCode,
      }));
  await until(() => Promise.resolve(told().length === codes.length));
  expect(told()).toEqual(codes.map((code) => ({ code, ...mine })));
  // The stranger reads the own call in the trail, and is not told whose licence it is.
  const { text } = await callOperator(server, "GET", "/audit-events?accountId=999988887777");
  expect(text).toContain(LicenseArn);
  expect(text).not.toContain(DEMO.productCode);
  expect((await callOperator(server, "GET", "/audit-verification")).json).toMatchObject({ intact: true });
});
