/** Shows a raw request: decoded, and without its secrets. */
import { iso } from "@countinghouse/protocol";
import { decode } from "cborg";
import { isRpcRequest } from "../../listener/rpc-request.ts";
import type { RawRequest as Shown } from "../contract/ledger/requests.ts";
import { maskedHeader, maskedParameters, maskedText, maskedValue } from "./masks.ts";
import type { RawRequest } from "./raw-requests.ts";

type Body = Pick<Shown["answer"], "body" | "bodyBytes" | "bodyIsWhole">;

export function rawRequestView(raw: RawRequest): Shown {
  const { requestId, receivedAtMs, milliseconds, request, answer } = raw;
  return {
    requestId,
    receivedAt: iso(receivedAtMs),
    milliseconds,
    sourceAddress: request.sourceAddress,
    request: {
      method: request.method,
      path: request.path,
      query: maskedParameters(request.query),
      headers: [...request.headers].flatMap(([name, values]) =>
        values.map((value) => ({ name, value: maskedHeader(name, value) })),
      ),
      ...bodyView(raw.requestBody, kindOf(raw)),
    },
    answer: {
      status: answer.status,
      headers: headerViews(answer.headers),
      dropped: answer.dropped === true ? true : undefined,
      ...bodyView(raw.answerBody, answerKind(answer.headers)),
    },
  };
}

export function headerViews(headers: Readonly<Record<string, Header>>): Shown["answer"]["headers"] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => ({ name, value: maskedHeader(name.toLowerCase(), one) })),
  );
}

type Header = string | readonly string[] | undefined;
type Kind = "text" | "form" | "cbor";

function kindOf({ request }: RawRequest): Kind {
  if (isRpcRequest({ ...request, body: EMPTY })) return "cbor";
  const type = request.headers.get("content-type")?.[0] ?? "";
  if (type.includes("cbor")) return "cbor";
  return type.toLowerCase().startsWith("application/x-www-form-urlencoded") ? "form" : "text";
}

const EMPTY = Buffer.alloc(0);

export function answerKind(headers: Readonly<Record<string, Header>>): Kind {
  const type = [headers["Content-Type"] ?? headers["content-type"] ?? ""].flat().join();
  return type.includes("cbor") ? "cbor" : "text";
}

function bodyView({ bytes, sentBytes }: RawRequest["requestBody"], kind: Kind): Body {
  const bodyIsWhole = bytes.length === sentBytes;
  return { bodyBytes: sentBytes, body: bodyText(bytes, kind), bodyIsWhole };
}

/** Undefined where its secrets cannot be found. */
export function bodyText(bytes: Buffer, kind: Kind): string | undefined {
  if (bytes.length === 0) return "";
  if (kind === "cbor") {
    const value = cborValue(bytes);
    return value === undefined ? undefined : JSON.stringify(value.decoded);
  }
  const text = bytes.toString("utf8");
  return kind === "form" ? maskedParameters(text) : maskedText(text);
}

/** Undefined for bytes that are not CBOR, or are nested so deep that they cannot be written as JSON. */
function cborValue(bytes: Buffer): { readonly decoded: unknown } | undefined {
  try {
    // A time has the tag 1; its number is shown.
    const decoded: unknown = decode(bytes, { allowBigInt: false, tags: { 1: (read) => read() } });
    return { decoded: maskedValue(decoded) };
  } catch {
    return undefined;
  }
}
