/** The server of the client benchmark: reads a request and answers it with the same bytes each time, and does nothing else. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface WireBatch {
  readonly UsageRecords: readonly object[];
}

let answer: Buffer | undefined;

/** A success for every record, made from the first request, because all requests are alike. */
function answerTo(body: Buffer): Buffer {
  const { UsageRecords } = JSON.parse(body.toString()) as WireBatch;
  const MeteringRecordId = "01a206b0-0096-7cc4-b4c6-d258c88aea00";
  const Results = UsageRecords.map((UsageRecord) => ({ UsageRecord, MeteringRecordId, Status: "Success" }));
  return Buffer.from(JSON.stringify({ Results, UnprocessedRecords: [] }));
}

const server = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", () => {
    answer ??= answerTo(Buffer.concat(chunks));
    response.writeHead(200, {
      "content-type": "application/x-amz-json-1.1",
      "x-amzn-requestid": "3d3b1a5e-8f0c-4a57-9a53-1f1ab1a8a001",
      "content-length": answer.length,
    });
    response.end(answer);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
