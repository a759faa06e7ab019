/** `/faults`: faults on demand, in a lab. Rule F1. */
import { givesRecordsBack, namesProduct, operations } from "@countinghouse/protocol";
import { z } from "zod";
import { pageSchema, pageQuery } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";
import { FAULT_COUNT_MAX, FAULT_DELAY_MS_MAX, FAULT_KINDS, FAULT_RECORDS_MAX } from "./values.ts";

const tag = "lab";

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
    .describe(
      "How many requests the fault hits. By default one; where a probability is given, any number until the fault is removed.",
    ),
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

const newFault = z
  .strictObject({ ...faultMembers, operation: z.enum(operations.map(({ name }) => name)) })
  .superRefine((fault, refinement) => {
    for (const { path, message } of complaintsAbout(fault)) refinement.addIssue({ code: "custom", path, message });
  });

/** Members that contradict each other, though each is valid by itself. */
function* complaintsAbout(fault: z.output<z.ZodObject<typeof faultMembers>>): Generator<Complaint> {
  const { operation, kind, delayMs, records, match } = fault;
  if (kind === "delay" && delayMs === undefined) yield { path: ["delayMs"], message: "a delay needs it" };
  if (kind !== "delay" && delayMs !== undefined) yield { path: ["delayMs"], message: "is for the kind delay only" };
  if (kind !== "unprocessed" && records !== undefined) {
    yield { path: ["records"], message: "is for the kind unprocessed only" };
  }
  const asked = operations.find(({ name }) => name === operation);
  if (asked === undefined) return;
  if (kind === "unprocessed" && !givesRecordsBack(asked)) {
    const names = operations.filter(givesRecordsBack).map(({ name }) => name);
    yield { path: ["kind"], message: `only ${names.join(" and ")} has unprocessed records` };
  }
  if (match?.productCode !== undefined && !namesProduct(asked)) {
    yield { path: ["match", "productCode"], message: `a ${operation} request names no product` };
  }
}

interface Complaint {
  readonly path: string[];
  readonly message: string;
}

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
/** A fault as a caller asks for it. */
export type NewFault = Frozen<z.output<typeof newFault>>;

export const faultRoutes = {
  "GET /faults": {
    readers: false,
    tag,
    command: "fault list",
    summary: "List the faults that are in force or used up, in the order in which they were added",
    query: pageQuery,
    answer: { status: 200, description: "A page of faults", json: pageSchema(faultSchema) },
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
