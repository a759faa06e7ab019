/** Simulations: whether a policy allows an action, and what a registration token says. */
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";

const policySimulationSchema = z
  .object({
    principal: z.string().describe("As policies know it: the ARN of a user or of a role."),
    action: z.string(),
    verdict: z.enum(["allowed", "denied", "not-allowed"]).describe("`not-allowed`: no statement says anything of it."),
    by: z
      .object({ statement: z.int().describe("Its place in the policy, from 1."), sid: z.string().optional() })
      .optional()
      .describe(
        "The statement that allows or denies it; of what is not allowed, the one that would but for a condition.",
      ),
    unmet: z
      .object({ operator: z.string(), key: z.string(), value: z.string().optional() })
      .optional()
      .describe("Of what is not allowed: the condition, and what the request has for its key."),
    why: z.string().describe("In one sentence."),
  })
  .meta({ id: "PolicySimulation" });
/** Whether a caller may do something, and by which statement. */
export type PolicySimulation = Frozen<z.output<typeof policySimulationSchema>>;

const inspectedTokenSchema = z
  .object({
    valid: z.boolean().describe("Whether ResolveCustomer would answer it now."),
    why: z.string().describe("In one sentence."),
    agreementId: z.string().optional(),
    productCode: z.string().optional(),
    customerAccountId: z.string().optional(),
    customerIdentifier: z.string().optional(),
    seller: z.string().optional().describe("The account that may resolve it."),
    expiresAt: timestamp.optional(),
    now: timestamp,
  })
  .meta({ id: "InspectedRegistrationToken" });
/** What a registration token says. */
export type InspectedRegistrationToken = Frozen<z.output<typeof inspectedTokenSchema>>;

export const simulationRoutes = {
  "POST /policy-simulations": {
    tag: "catalogue",
    command: "account simulate",
    summary: "Whether a user or a role may do something, and which statement of its policy says so; nothing is done",
    body: z.strictObject({
      principal: z
        .string()
        .max(2_048)
        .regex(/^arn:aws:iam::\d{12}:(user|role)\/.+$/s, "must be the ARN of a user or a role")
        .describe("Such as arn:aws:iam::111122223333:user/metering."),
      action: z
        .string()
        .max(128)
        .regex(/^[A-Za-z0-9-]+:[A-Za-z0-9]+$/, "must be an IAM action, such as aws-marketplace:BatchMeterUsage"),
      region: z.string().max(64).default("us-east-1"),
      sourceAddress: z.string().max(64).default("127.0.0.1"),
      secure: z.boolean().default(false).describe("Whether the request comes over TLS."),
      at: timestamp.optional().describe("Left out: now, by the wall clock."),
    }),
    answer: { status: 200, description: "The verdict", json: policySimulationSchema },
    problems: [404],
  },
  "POST /registration-tokens/inspect": {
    tag: "metering",
    lab: true,
    command: "token inspect",
    summary: "What a registration token says: the agreement, the product, the customer, and until when",
    description: "Needs a lab.",
    body: z.strictObject({ registrationToken: z.string().min(1).max(4_096) }),
    answer: { status: 200, description: "What it says", json: inspectedTokenSchema },
    problems: [403],
  },
} as const satisfies Routes;
