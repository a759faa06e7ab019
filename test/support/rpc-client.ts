/**
 * Converts requests in AWS JSON into Smithy RPC v2 CBOR, and answers back. The official serialiser, which shares no code with
 * the server's, writes and reads the bytes.
 */
import { cbor, dateToTag } from "@smithy/core/cbor";
import type { RawAnswer, RawRequest } from "./raw-client.ts";

/** Members that are times, in any of the services. */
const TIMES = new Set(["Timestamp", "StartTime", "EndTime"]);

/** A JSON value in the form that the official serialiser takes: times with their tag, and no undefined members. */
function cborInput(json: unknown, name = ""): unknown {
  if (TIMES.has(name) && typeof json === "number") return { ...dateToTag(new Date(0)), value: json };
  if (Array.isArray(json)) return json.map((item) => cborInput(item));
  if (typeof json !== "object" || json === null) return json;
  const members = Object.entries(json).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([key, value]) => [key, cborInput(value, key)]));
}

/** The path of the operation that a target names. */
function rpcPath(target: string): string {
  const dot = target.lastIndexOf(".");
  return `/service/${target.slice(0, dot)}/operation/${target.slice(dot + 1)}`;
}

/** The request in CBOR, unsigned. A body that is not JSON stays as it is. */
export function inCbor(request: RawRequest, target = String(request.headers["x-amz-target"])): RawRequest {
  return {
    ...request,
    path: rpcPath(target),
    headers: {
      ...request.headers,
      "x-amz-target": undefined,
      "content-type": "application/cbor",
      accept: "application/cbor",
      "smithy-protocol": "rpc-v2-cbor",
    },
    body: cborBody(request.body),
  };
}

function cborBody(body: Buffer): Buffer {
  try {
    return Buffer.from(cbor.serialize(cborInput(JSON.parse(body.toString("utf8")))));
  } catch {
    return body;
  }
}

/** An answer's structure as in JSON: times in seconds, an error by its name alone. */
export function fromCbor({ body }: RawAnswer): Record<string, unknown> {
  const answer = plain(cbor.deserialize(body)) as Record<string, unknown>;
  const type = answer["__type"];
  return typeof type === "string" ? { ...answer, __type: type.replace(/^.*#/, "") } : answer;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("tag" in value && "value" in value) {
    if (value.tag !== 1) throw new Error(`An answer has a value under tag ${String(value.tag)}.`);
    return value.value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
