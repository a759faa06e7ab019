/** `/clock`, `/reset` and `/faults`: what changes the world under every caller, and so is for a lab. */
import {
  DURATION_SECONDS_MAX,
  batchMeterUsage,
  getEntitlements,
  lookupEvents,
  meterUsage,
  registerUsage,
  resolveCustomer,
} from "@countinghouse/protocol";
import { z } from "zod";
import { pageOf, pageQuery, timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";
import { FAULT_COUNT_MAX, FAULT_DELAY_MS_MAX, FAULT_KINDS, FAULT_RECORDS_MAX } from "./values.ts";

const tag = "lab";

const clockSchema = z.object({ now: timestamp, mode: z.enum(["system", "manual", "offset"]) }).meta({ id: "Clock" });

/** Where the service clock stands, and what makes it go. */
export type Clock = Frozen<z.output<typeof clockSchema>>;

const clockMove = z
  .strictObject({
    now: timestamp.optional(),
    advanceSeconds: z.number().min(0).max(DURATION_SECONDS_MAX).optional(),
  })
  .refine(({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined), {
    message: "must have exactly one of now and advanceSeconds",
  });

/** What faults can be for: the operations that are signed and kept. */
const OPERATIONS = [batchMeterUsage, resolveCustomer, meterUsage, registerUsage, getEntitlements, lookupEvents].map(
  ({ name }) => name,
);

const faultMembers = {
  operation: z.string().describe("An operation of the wire, such as BatchMeterUsage."),
  kind: z
    .enum(FAULT_KINDS)
    .describe(
      "throttle: ThrottlingException. internal-error: InternalServiceErrorException. unprocessed: records of a BatchMeterUsage request come back in UnprocessedRecords, undecided. delay: the answer comes late. drop-answer: the request is done and durable, then the connection is cut instead of an answer. A delay goes with any other kind; of the others, the first that was added hits.",
    ),
  count: z
    .int()
    .min(1)
    .max(FAULT_COUNT_MAX)
    .optional()
    .describe("How many requests it hits. Left out: one; with a probability, no end until it is taken away."),
  probability: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe("The share of its requests that it hits; 1 for each of them. Left out: each of them."),
  delayMs: z.int().min(1).max(FAULT_DELAY_MS_MAX).optional().describe("For delay, which needs it."),
  records: z
    .int()
    .min(1)
    .max(FAULT_RECORDS_MAX)
    .optional()
    .describe("For unprocessed: how many records come back, from the end of the request. Left out: all."),
  match: z
    .strictObject({
      productCode: z.string().min(1).max(255).optional(),
      accountId: z
        .string()
        .regex(/^\d{12}$/, "must be twelve digits")
        .optional(),
    })
    .optional()
    .describe(
      "Only requests for this product, by its code or a licence, and of callers of this account. Left out: all.",
    ),
};

const newFault = z.strictObject({ ...faultMembers, operation: z.enum(OPERATIONS) });

const faultSchema = z
  .object({
    faultId: z.string().describe("Also the id of the request that added it."),
    ...faultMembers,
    hits: z.int().describe("Requests it has hit so far."),
    remaining: z.int().optional().describe("Requests it will still hit; left out where there is no end."),
  })
  .meta({ id: "Fault" });

/** A fault on demand, and how often it has hit. */
export type Fault = Frozen<z.output<typeof faultSchema>>;
/** A fault as it is asked for. */
export type NewFault = Frozen<z.output<typeof newFault>>;

export const labRoutes = {
  "GET /clock": {
    tag,
    command: "clock show",
    summary: "Where the service clock stands",
    answer: { status: 200, description: "The clock", json: clockSchema },
  },
  "PUT /clock": {
    tag,
    command: "clock set",
    summary: "Move the service clock forward: to a time, or by a number of seconds",
    body: clockMove,
    answer: { status: 200, description: "The clock", json: clockSchema },
    problems: [409],
  },
  "POST /reset": {
    tag,
    command: "reset",
    summary:
      "Empty the ledger, end all faults and put the catalogue back as the server was started with; the clock stays where it is, and registration keys stay as they are",
    answer: { status: 204, description: "It is empty" },
    problems: [403, 409],
  },
  "GET /faults": {
    tag,
    command: "fault list",
    summary: "List the faults that are in force or used up, in the order in which they were added",
    query: pageQuery,
    answer: { status: 200, description: "A page of faults", json: pageOf(faultSchema) },
    problems: [400, 403],
  },
  "POST /faults": {
    tag,
    command: "fault add",
    summary: "Put a fault in force, from the next request on",
    body: newFault,
    answer: { status: 201, description: "The fault", json: faultSchema },
    problems: [403, 409],
  },
  "DELETE /faults": {
    tag,
    command: "fault clear",
    summary: "Take all faults away",
    answer: { status: 204, description: "They are gone" },
    problems: [403],
  },
  "DELETE /faults/{id}": {
    tag,
    command: "fault clear",
    summary: "Take one fault away",
    answer: { status: 204, description: "It is gone" },
    problems: [403, 404],
  },
} as const satisfies Routes;
