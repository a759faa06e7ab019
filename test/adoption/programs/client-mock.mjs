// aws-sdk-client-mock on `@countinghouse/client/aws-sdk`, as its users write it for the official client.
import { mockClient } from "aws-sdk-client-mock";
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@countinghouse/client/aws-sdk";

const mock = mockClient(MarketplaceMeteringClient);
mock.on(BatchMeterUsageCommand).resolves({ Results: [], UnprocessedRecords: [{ Dimension: "mocked" }] });
const client = new MarketplaceMeteringClient({ region: "us-east-1" });
const { UnprocessedRecords } = await client.send(new BatchMeterUsageCommand({ ProductCode: "p", UsageRecords: [] }));
console.log(UnprocessedRecords[0].Dimension, mock.commandCalls(BatchMeterUsageCommand).length);
