/** Stands between the client and the market: keeps what was sent, and puts the troubles of a case in the way of answers. */
import type { AroundWire } from "../../compose.ts";
import type { WireRequest, WireResponse } from "../../listener/message.ts";
import type { ConformanceTrouble } from "./case.ts";

/** A request, as cases speak of it. */
export interface SentRequest {
  readonly method: string;
  /** The content type without its parameters. */
  readonly mediaType: string | undefined;
  readonly path: string;
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the signature is for, such as `us-east-1/aws-marketplace`. */
  readonly scope: string | undefined;
  /** Names of the signed headers; each name is there with `true`. */
  readonly signedHeaders: Readonly<Record<string, true>>;
  /** The JSON of the body; its text where it is none. */
  readonly body: unknown;
  readonly text: string;
  /** What the answer had in `x-amzn-RequestId`. */
  requestId: string | undefined;
}

const SCOPE = /Credential=[^/,\s]+\/\d{8}\/([^/,\s]+\/[^/,\s]+)\/aws4_request/;
const SIGNED_HEADERS = /SignedHeaders=([^,\s]+)/;

const GATEWAY: WireResponse = {
  status: 503,
  headers: { "Content-Type": "text/html" },
  body: "<html><body><h1>503 Service Unavailable</h1></body></html>\n",
};

const REQUESTS_MAX = 1_000;

/** What an answer of a later service could have. */
const UNKNOWN_MEMBERS = { BilledUnder: { Plan: "later", Steps: [1, 2] }, IsFinal: null };

export class Recorder {
  readonly sent: SentRequest[] = [];
  readonly #troubles: readonly ConformanceTrouble[];
  readonly #wallMs: () => number;

  constructor(troubles: readonly ConformanceTrouble[], wallMs: () => number) {
    this.#troubles = troubles;
    this.#wallMs = wallMs;
  }

  readonly around: AroundWire = async (request, handle) => {
    // A client that never stops is not remembered without end. Its case has failed long before.
    if (this.sent.length >= REQUESTS_MAX) return GATEWAY;
    const sent = sentOf(request);
    this.sent.push(sent);
    if (this.sent.length === 1 && this.#troubles.some(({ kind }) => kind === "gateway")) return GATEWAY;
    const answer = this.#troubles.reduce((one, trouble) => this.#changed(one, trouble), await handle(request));
    sent.requestId = answer.headers["x-amzn-RequestId"];
    return answer;
  };

  #changed(answer: WireResponse, trouble: ConformanceTrouble): WireResponse {
    if (trouble.kind === "clock") {
      return { ...answer, headers: { ...answer.headers, Date: new Date(this.#wallMs()).toUTCString() } };
    }
    if (typeof answer.body !== "string" || !answer.body.startsWith("{")) return answer;
    const members = JSON.parse(answer.body) as Readonly<Record<string, unknown>>;
    if (trouble.kind === "unknown-members") {
      const results = members["Results"];
      const more = Array.isArray(results)
        ? { Results: results.map((one: object) => ({ ...one, ...UNKNOWN_MEMBERS })) }
        : {};
      return { ...answer, body: JSON.stringify({ ...UNKNOWN_MEMBERS, ...members, ...more }) };
    }
    if (trouble.kind !== "namespace" || typeof members["__type"] !== "string") return answer;
    return { ...answer, body: JSON.stringify({ ...members, __type: `${trouble.namespace}#${members["__type"]}` }) };
  }
}

function sentOf({ method, path, headers, body }: WireRequest): SentRequest {
  const text = Buffer.from(body).toString("utf8");
  const authorization = headers.get("authorization")?.join(",") ?? "";
  const signed = SIGNED_HEADERS.exec(authorization)?.[1]?.split(";") ?? [];
  return {
    method,
    mediaType: headers.get("content-type")?.[0]?.split(";")[0]?.trim().toLowerCase(),
    path,
    headers: Object.fromEntries([...headers].map(([name, values]) => [name, values.join(",")])),
    scope: SCOPE.exec(authorization)?.[1],
    signedHeaders: Object.fromEntries(signed.map((name) => [name, true])),
    body: jsonOf(text),
    text,
    requestId: undefined,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
