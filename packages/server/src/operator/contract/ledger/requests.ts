/** `/requests`: calls and their outcomes; in a lab, their bytes as well. */
import { z } from "zod";
import { details, pageQuery, pageSchema, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { EVENT_ORDERS, OUTCOMES, REQUEST_SOURCES } from "../values.ts";
import { outcome, recordCounts } from "./activity.ts";
import { auditEventSchema } from "./audit.ts";
import { explanationSchema } from "./explanation.ts";

const summary = {
  requestId: z.string(),
  kept: z.boolean().describe("Whether the ledger has an entry of it."),
  at: timestamp.describe(
    "When it was kept, by the service clock; where nothing is kept of it, when it came, by the wall clock.",
  ),
  operation: z.string().optional().describe("Left out where it could not be told what was asked for."),
  principal: z.string().optional(),
  accountId: z.string().optional(),
  accessKeyId: z.string().optional(),
  region: z.string().optional(),
  productCode: z.string().optional(),
  sourceAddress: z.string().optional(),
  userAgent: z.string().optional(),
  outcome,
  code: z.string().optional().describe("The error's name, where it was refused."),
  reason: z.string().optional().describe("Where it was not `ok`: why, in one sentence."),
  records: recordCounts.optional(),
};

const requestSummarySchema = z.object(summary).meta({ id: "RequestSummary" });
/** A call or a change, in one line. */
export type RequestSummary = Frozen<z.output<typeof requestSummarySchema>>;

const timing = z
  .object({
    receivedAt: timestamp.describe("Wall clock."),
    milliseconds: z.number().describe("From the end of the request to the answer."),
  })
  .describe("Known while the request is held in memory, in a lab.");

const requestSchema = z
  .object({
    ...summary,
    request: details.nullable().describe("What was asked for, without tokens; null where it could not be read."),
    answer: details.nullable().describe("What was answered; null where it was refused, or only read."),
    explanation: explanationSchema.optional().describe("Left out where nothing is kept."),
    event: auditEventSchema.optional().describe("The same as an audit event, in CloudTrail's form."),
    timing: timing.optional(),
    rawHeld: z.boolean().describe("Whether its bytes can be asked for, in a lab."),
  })
  .meta({ id: "Request" });
/** A call or a change, with everything that is known of it. */
export type RequestShown = Frozen<z.output<typeof requestSchema>>;

const header = z.object({ name: z.string(), value: z.string() });

const rawBody = {
  bodyBytes: z.int().describe("As it was sent."),
  body: z
    .string()
    .optional()
    .describe("As text, up to 64 KiB of it; CBOR as JSON. Left out where it cannot be shown without its secrets."),
  bodyIsWhole: z.boolean(),
};

const rawRequestSchema = z
  .object({
    requestId: z.string(),
    receivedAt: timestamp.describe("Wall clock."),
    milliseconds: z.number(),
    sourceAddress: z.string(),
    request: z.object({
      method: z.string(),
      path: z.string(),
      query: z.string(),
      headers: z.array(header).describe("One for each that was sent. Signatures and tokens are masked."),
      ...rawBody,
    }),
    answer: z.object({
      status: z.int(),
      headers: z.array(header),
      dropped: z.literal(true).optional().describe("The connection was cut instead, by a fault on demand."),
      ...rawBody,
    }),
  })
  .meta({ id: "RawRequest" });
/** A request and its answer as they were on the wire, without their secrets. */
export type RawRequest = Frozen<z.output<typeof rawRequestSchema>>;

const replaySchema = z
  .object({
    requestId: z.string().optional().describe("Of the new request."),
    accessKeyId: z.string().describe("That it was signed with."),
    status: z.int().optional(),
    headers: z.array(header),
    body: z.string().optional().describe("Without what is secret in it."),
    problem: z.string().optional().describe("Why there is no answer."),
  })
  .meta({ id: "Replay" });
/** The outcome of a request that was sent again. */
export type Replay = Frozen<z.output<typeof replaySchema>>;

const signatureStepSchema = z.object({
  step: z.enum(["read", "access-key", "payload-hash", "canonical-request", "string-to-sign", "signature"]),
  ours: z.string().optional().describe("What this server makes of the request; never anything of the key."),
  theirs: z.string().optional().describe("What the request, or whoever asks, says."),
  verdict: z.enum(["same", "different", "unknown"]).describe("`unknown`: nothing was given to hold it against."),
  hint: z.string().optional(),
});

const signatureDiagnosisSchema = z
  .object({
    good: z.boolean().describe("Whether the signature is the one that the secret of this key gives."),
    steps: z.array(signatureStepSchema),
    firstDifference: z
      .object({ step: z.string(), line: z.int().optional().describe("From 1, in texts of lines."), hint: z.string() })
      .optional(),
  })
  .meta({ id: "SignatureDiagnosis" });
/** Each step of a signature, and the first step that differs. */
export type SignatureDiagnosis = Frozen<z.output<typeof signatureDiagnosisSchema>>;

const headerValues = z.record(z.string().max(256), z.string().max(16_384));

export const requestRoutes = {
  "GET /requests": {
    tag: "requests",
    showsTrail: true,
    command: "request list",
    summary: "Calls and changes, and what came of them",
    description:
      "A page may have fewer items than were asked for, or none, and a cursor: `outcome` is held against each. `source=memory` lists those whose bytes a lab still holds, newest first, those included that were refused before they were believed.",
    query: pageQuery.extend({
      operation: z.string().max(128).optional().describe("Such as BatchMeterUsage."),
      accountId: z.string().max(64).optional().describe("The caller's account."),
      accessKeyId: z.string().max(128).optional(),
      principal: z.string().max(2_048).optional().describe("An ARN, `operator`, or a reader's name."),
      productCode: z.string().max(255).optional(),
      outcome: z.enum(OUTCOMES).optional(),
      from: timestamp.optional().describe("Included."),
      to: timestamp.optional().describe("Not included."),
      order: z.enum(EVENT_ORDERS).default("newest").describe("Which come first."),
      source: z.enum(REQUEST_SOURCES).default("ledger"),
    }),
    answer: { status: 200, description: "A page of requests", json: pageSchema(requestSummarySchema) },
    problems: [400, 403],
  },
  "GET /requests/{id}": {
    tag: "requests",
    showsTrail: true,
    command: "request show",
    summary: "A request: what was asked, what was answered, and why",
    params: { id: "A request's id." },
    answer: { status: 200, description: "The request", json: requestSchema },
    problems: [404],
  },
  "GET /requests/{id}/raw": {
    tag: "requests",
    lab: true,
    command: "request show",
    summary: "A request and its answer as they stood on the wire, less signatures, tokens and secrets",
    description: "Of the newest 500 requests, or as many as 16 MiB hold; in memory only. Needs a lab.",
    params: { id: "A request's id." },
    answer: { status: 200, description: "The request and its answer", json: rawRequestSchema },
    problems: [403, 404],
  },
  "POST /requests/{id}/replay": {
    tag: "requests",
    lab: true,
    command: "request replay",
    summary: "Sign a request anew with an access key of the catalogue, and send it over the wire",
    description: "Its bytes have to be held still, and whole, or another body has to be given. Needs a lab.",
    params: { id: "The id of the request that is sent again." },
    body: z.strictObject({
      accessKeyId: z.string().min(1).max(128).optional().describe("Left out: the one that it was signed with."),
      body: z
        .record(z.string(), z.unknown())
        .optional()
        .describe("In the place of its own body: JSON, with the names of the wire. Then it is sent in AWS JSON 1.1."),
    }),
    bodyOptional: true,
    answer: { status: 200, description: "What was answered", json: replaySchema },
    problems: [403, 404, 409],
  },
  "POST /signature-diagnosis": {
    tag: "requests",
    lab: true,
    command: "request diagnose",
    summary: "Each step of a signature as this server makes it, and the first that differs",
    description:
      "Of a request whose bytes are held (`requestId`), or of one that is described. Whoever gives the canonical request or the string to sign of their own is told where it differs. The key is never shown. Needs a lab.",
    body: z.strictObject({
      requestId: z.string().optional(),
      request: z
        .strictObject({
          method: z.string().max(32).default("POST"),
          path: z.string().max(2_048).default("/"),
          query: z.string().max(16_384).default(""),
          headers: headerValues,
          body: z.string().max(1_048_576).optional(),
          bodySha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, "bodySha256 must be 64 hexadecimal digits in small letters")
            .optional()
            .describe("In the place of the body."),
        })
        .optional(),
      canonicalRequest: z.string().max(65_536).optional().describe("As the other side made it."),
      stringToSign: z.string().max(4_096).optional().describe("As the other side made it."),
    }),
    answer: { status: 200, description: "The steps", json: signatureDiagnosisSchema },
    problems: [403, 404, 409],
  },
} as const satisfies Routes;
