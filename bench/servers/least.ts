/**
 * Bounds: the floor, first with the one and then with both of the things that every metering service must do. Neither is a
 * service: they look nothing up, check no permission, find no duplicate, and keep nothing that could be found again.
 *
 * * `signed`: verifies the signature, and sends an answer of the necessary length.
 * * `flushed`: also appends the body to a file, and flushes the file before the answer, once for all waiting requests.
 */
import { createSecretKey, hash, timingSafeEqual, type KeyObject } from "node:crypto";
import { open } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  JSON_CONTENT_TYPE,
  canonicalRequest,
  parseAuthorization,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type CredentialScope,
} from "@countinghouse/protocol";
import { nodeHashes } from "../../packages/server/src/identity/authenticator.ts";
import { meteringRecordId, requestId } from "../../packages/server/src/ledger/ids.ts";
import { SECRET_ACCESS_KEY } from "../load/signed-request.ts";

const [, , bound, file] = process.argv as [string, string, "signed" | "flushed", string];
const log = bound === "flushed" ? await open(file, "a") : undefined;
const keys = new Map<string, KeyObject>();

interface Waiting {
  readonly body: Buffer;
  readonly answer: () => void;
}
let waiting: Waiting[] = [];
let isFlushing = false;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    if (!isSigned(request, body)) throw new Error("A signature of the load is not good.");
    const text = answerTo(JSON.parse(body.toString()) as { UsageRecords: object[] });
    const answer = (): void => {
      response.writeHead(200, { "Content-Type": JSON_CONTENT_TYPE, "Content-Length": text.length });
      response.end(text, "latin1");
    };
    if (log === undefined) answer();
    else {
      waiting.push({ body, answer });
      if (!isFlushing) setImmediate(() => void flush());
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());

/** Flushes everything that has arrived while the group before was flushed. */
async function flush(): Promise<void> {
  if (isFlushing) return;
  isFlushing = true;
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    await log?.appendFile(Buffer.concat(group.map(({ body }) => body)));
    await log?.datasync();
    for (const { answer } of group) answer();
  }
  isFlushing = false;
}

function answerTo({ UsageRecords: records }: { UsageRecords: object[] }): string {
  const id = requestId(Date.now(), crypto.randomUUID());
  return JSON.stringify({
    Results: records.map((UsageRecord, i) => ({
      UsageRecord,
      MeteringRecordId: meteringRecordId(id, i),
      Status: "Success",
    })),
    UnprocessedRecords: [],
  });
}

function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const header = request.headers.authorization ?? "";
  const { credential = "", signedHeaders = "", signature: given = "" } = parseAuthorization(header);
  const [, date, region, service] = credential.split("/") as [string, string, string, string];
  const names = signedHeaders.split(";");
  const canonical = canonicalRequest({
    method: "POST",
    path: "/",
    query: "",
    headers: new Map(names.map((name) => [name, [String(request.headers[name])]])),
    signedHeaders: names,
    payloadHash: hash("sha256", body, "hex"),
  });
  const scope = { date, region, service };
  const amzDate = String(request.headers["x-amz-date"]);
  const expected = signature(nodeHashes, keyOf(scope), stringToSign(nodeHashes, amzDate, scope, canonical));
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function keyOf(scope: CredentialScope): KeyObject {
  const name = scopeText(scope);
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = createSecretKey(signingKey(nodeHashes, SECRET_ACCESS_KEY, scope));
  keys.set(name, key);
  return key;
}
