/** `/faults`: what goes wrong on demand, in a lab, so that callers can be seen to cope. Rule F1. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { givesRecordsBack, namesProduct, operations } from "@countinghouse/protocol";
import { FAULT_KINDS, type InjectedFault } from "../domain/injected-fault.ts";
import { addFault, clearFaults, removeFault } from "../faults/change-faults.ts";
import type { PlannedFault } from "../faults/fault-plan.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { pageOf, pageQuery, pageSchema } from "./page.ts";
import { ProblemError, bodyProblems, problems } from "./problem.ts";

const COUNT_MAX = 1_000_000;
const DELAY_MS_MAX = 60_000;
const RECORDS_MAX = 25;

const members = {
  operation: z.string().openapi({ description: "An operation of the wire, such as BatchMeterUsage." }),
  kind: z.enum(FAULT_KINDS).openapi({
    description:
      "throttle: ThrottlingException. internal-error: InternalServiceErrorException. unprocessed: records of a BatchMeterUsage request come back in UnprocessedRecords, undecided. delay: the answer comes late. drop-answer: the request is done and durable, then the connection is cut instead of an answer. A delay goes with any other kind; of the others, the first that was added hits.",
  }),
  count: z.int().min(1).max(COUNT_MAX).optional().openapi({
    description: "How many requests it hits. Left out: one; with a probability, no end until it is taken away.",
  }),
  probability: z.number().gt(0).max(1).optional().openapi({
    description: "The share of its requests that it hits; 1 for each of them. Left out: each of them.",
  }),
  delayMs: z.int().min(1).max(DELAY_MS_MAX).optional().openapi({ description: "For delay, which needs it." }),
  records: z.int().min(1).max(RECORDS_MAX).optional().openapi({
    description: "For unprocessed: how many records come back, from the end of the request. Left out: all.",
  }),
  match: z
    .strictObject({
      productCode: z.string().min(1).max(255).optional(),
      accountId: z
        .string()
        .regex(/^\d{12}$/, "must be twelve digits")
        .optional(),
    })
    .optional()
    .openapi({
      description:
        "Only requests for this product, by its code or a licence, and of callers of this account. Left out: all.",
    }),
};

const faultSchema = z
  .object({
    faultId: z.string().openapi({ description: "Also the id of the request that added it." }),
    ...members,
    hits: z.int().openapi({ description: "Requests it has hit so far." }),
    remaining: z
      .int()
      .optional()
      .openapi({ description: "Requests it will still hit; left out where there is no end." }),
  })
  .openapi("Fault");

type NewFault = z.infer<z.ZodObject<typeof members>>;

export function faultRoutes(app: OpenAPIHono<OperatorEnv>, context: OperatorContext): void {
  const { ledger, faults } = context;
  const newFaultSchema = z
    .strictObject({ ...members, operation: z.enum(context.wireOperations) })
    .superRefine((fault, refinement) => {
      for (const { member, text } of complaintsAbout(fault)) {
        refinement.addIssue({ code: "custom", path: member, message: text });
      }
    });
  const content = { "application/json": { schema: faultSchema } };
  const needLab = (): void => {
    if (!context.lab) throw new ProblemError(403, "Faults on demand need --lab.");
  };

  app.openapi(
    createRoute({
      method: "get",
      path: "/faults",
      tags: ["lab"],
      summary: "List the faults that are in force or used up, in the order in which they were added",
      request: { query: pageQuery },
      responses: {
        200: { description: "A page of faults", content: { "application/json": { schema: pageSchema(faultSchema) } } },
        ...problems(400, 403),
      },
    }),
    (c) => {
      needLab();
      return c.json(pageOf(faults.list().map(faultView), c.req.valid("query")), 200);
    },
  );

  app.openapi(
    createRoute({
      method: "post",
      path: "/faults",
      tags: ["lab"],
      summary: "Put a fault in force, from the next request on",
      request: { body: { required: true, content: { "application/json": { schema: newFaultSchema } } } },
      responses: { 201: { description: "The fault", content }, ...bodyProblems(403, 409) },
    }),
    async (c) => {
      needLab();
      const asked = c.req.valid("json");
      const call = c.var.call("CreateFault");
      const count = asked.count ?? (asked.probability === undefined ? 1 : undefined);
      const fault: InjectedFault = { faultId: call.requestId, ...asked, count };
      const complaint = await addFault(ledger, faults, call, fault);
      if (complaint !== undefined) throw new ProblemError(409, complaint);
      return c.json(faultView(faults.find(fault.faultId) ?? { fault, hits: 0 }), 201);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/faults",
      tags: ["lab"],
      summary: "Take all faults away",
      responses: { 204: { description: "They are gone" }, ...problems(403) },
    }),
    async (c) => {
      needLab();
      await clearFaults(ledger, faults, c.var.call("DeleteFaults"));
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: "delete",
      path: "/faults/{id}",
      tags: ["lab"],
      summary: "Take one fault away",
      request: { params: z.object({ id: z.string() }) },
      responses: { 204: { description: "It is gone" }, ...problems(403, 404) },
    }),
    async (c) => {
      needLab();
      const complaint = await removeFault(ledger, faults, c.var.call("DeleteFault"), c.req.valid("param").id);
      if (complaint !== undefined) throw new ProblemError(404, complaint);
      return c.body(null, 204);
    },
  );
}

/** What does not go together, though each member is fine by itself. */
function* complaintsAbout(fault: NewFault): Generator<{ member: string[]; text: string }> {
  const { operation, kind, delayMs, records, match } = fault;
  if (kind === "delay" && delayMs === undefined) yield { member: ["delayMs"], text: "a delay needs it" };
  if (kind !== "delay" && delayMs !== undefined) yield { member: ["delayMs"], text: "is for the kind delay only" };
  if (kind !== "unprocessed" && records !== undefined) {
    yield { member: ["records"], text: "is for the kind unprocessed only" };
  }
  const asked = operations.find(({ name }) => name === operation);
  if (asked === undefined) return;
  if (kind === "unprocessed" && !givesRecordsBack(asked)) {
    const names = operations.filter(givesRecordsBack).map(({ name }) => name);
    yield { member: ["kind"], text: `only ${names.join(" and ")} has unprocessed records` };
  }
  if (match?.productCode !== undefined && !namesProduct(asked)) {
    yield { member: ["match", "productCode"], text: `a ${operation} request names no product` };
  }
}

function faultView({ fault, hits }: PlannedFault): z.infer<typeof faultSchema> {
  return { ...fault, hits, remaining: fault.count === undefined ? undefined : fault.count - hits };
}
