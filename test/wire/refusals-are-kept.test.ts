import {
  MarketplaceMeteringServiceException,
  BatchMeterUsageCommand,
  ResolveCustomerCommand,
} from "@aws-sdk/client-marketplace-metering";
import { afterAll, expect } from "vitest";
import { decodeEntry } from "../../packages/server/src/ledger/entry-codec.ts";
import type { LedgerEntry } from "../../packages/server/src/ledger/entry.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { DEMO, officialClient, startServer, temporaryFolder } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it reads the data folder" });

const folder = temporaryFolder();
afterAll(() => folder.remove());

test("every call is in the ledger under its request id, a refused one with its rule and the figures it compared", async () => {
  const server = await startServer(["--store", `sqlite:${folder.path}/data`, "--clock", "manual:2026-05-04T12:00:00Z"]);
  const client = officialClient(server.endpoint);
  const meter = (Timestamp: string, ProductCode: string = DEMO.productCode): Promise<string> =>
    requestIdOf(
      client.send(
        new BatchMeterUsageCommand({
          ProductCode,
          UsageRecords: [
            { Timestamp: new Date(Timestamp), CustomerIdentifier: DEMO.customers[0], Dimension: "seats", Quantity: 2 },
          ],
        }),
      ),
    );
  const accepted = await meter("2026-05-04T11:30:00Z");
  const tooOld = await meter("2026-05-04T05:59:59Z");
  const unknownProduct = await meter("2026-05-04T11:30:00Z", "nothing-of-the-kind");
  const badToken = await requestIdOf(client.send(new ResolveCustomerCommand({ RegistrationToken: "c2VjcmV0" })));
  const readOnly = officialClient(server.endpoint, {
    accessKeyId: "AKIACOUNTINGHOUSE002",
    secretAccessKey: "example-secret-2",
  });
  const denied = await requestIdOf(readOnly.send(new BatchMeterUsageCommand({ UsageRecords: [] })));
  const malformed = await requestIdOf(
    client.send(new BatchMeterUsageCommand({ ProductCode: "not allowed!", UsageRecords: [] })),
  );
  await server.stop();

  const engine = openSqliteEngine(`${folder.path}/data`);
  const entryOf = async (requestId: string): Promise<LedgerEntry> => {
    const encoded = await engine.entryByRequestId(requestId);
    if (encoded === undefined) throw new Error(`no entry ${requestId}`);
    return decodeEntry(encoded);
  };
  expect(await entryOf(accepted)).toMatchObject({
    atMs: Date.parse("2026-05-04T12:00:00Z"),
    call: {
      operation: "BatchMeterUsage",
      accountId: DEMO.seller,
      accessKeyId: DEMO.accessKeyId,
      principal: `arn:aws:iam::${DEMO.seller}:user/metering`,
      region: "us-east-1",
      sourceAddress: "127.0.0.1",
    },
    event: { kind: "usage-metered", productCode: DEMO.productCode, records: [{ status: "Success" }] },
  });
  expect((await entryOf(tooOld)).event).toMatchObject({
    kind: "call-refused",
    code: "TimestampOutOfBoundsException",
    rule: "W1",
    compared: { ageSeconds: 21_601, ageSecondsLimit: 21_600, ruleSet: "classic", record: 1 },
  });
  expect((await entryOf(unknownProduct)).event).toMatchObject({
    code: "InvalidProductCodeException",
    rule: "P1",
    compared: { productCode: "nothing-of-the-kind", callerAccountId: DEMO.seller },
  });
  expect((await entryOf(badToken)).event).toMatchObject({ code: "InvalidTokenException", rule: "T2" });
  expect((await entryOf(denied)).event).toMatchObject({ code: "AccessDeniedException", rule: "N3" });
  expect((await entryOf(malformed)).event).toMatchObject({ code: "ValidationException", rule: "L5" });
  await engine.close();
});

/** The id of a call, whether it was answered or refused. */
async function requestIdOf(call: Promise<{ $metadata: { requestId?: string | undefined } }>): Promise<string> {
  const metadata = await call.then(
    (output) => output.$metadata,
    (error: unknown) => (error as MarketplaceMeteringServiceException).$metadata,
  );
  return metadata.requestId ?? "";
}
