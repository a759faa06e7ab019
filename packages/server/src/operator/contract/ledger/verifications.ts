/** `/audit-verifications`: the verification of the audit trail as a job whose progress can be read. */
import { z } from "zod";
import { timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { verificationSchema } from "./audit.ts";

const jobSchema = z
  .object({
    id: z.string(),
    state: z
      .enum(["running", "done", "failed"])
      .describe("`failed`: it could not be finished; it says nothing of the trail."),
    startedAt: timestamp.describe("Wall clock."),
    endedAt: timestamp.optional(),
    startedBy: z.string(),
    entriesRead: z.int(),
    entriesTotal: z.int().describe("As many as there were when it began."),
    result: verificationSchema.optional(),
    problem: z.string().optional().describe("Why it failed."),
  })
  .meta({ id: "AuditVerificationJob" });
/** A verification of the audit trail: its progress, or its result. */
export type AuditVerificationJob = Frozen<z.output<typeof jobSchema>>;

export const verificationRoutes = {
  "POST /audit-verifications": {
    tag: "audit",
    readers: true,
    command: "audit verify",
    summary:
      "Begin to recompute the chains of all entries; where a verification is under way already, that one is answered",
    answer: { status: 201, description: "The job", json: jobSchema },
  },
  "GET /audit-verifications": {
    tag: "audit",
    command: { none: "The console shows it; `audit verify` begins one and follows it to its end." },
    summary: "The verification that is under way, and the last one that has ended",
    answer: { status: 200, description: "The jobs, newest first", json: z.object({ items: z.array(jobSchema) }) },
  },
  "GET /audit-verifications/{id}": {
    tag: "audit",
    command: "audit verify",
    summary: "How far a verification has come, or what it found",
    answer: { status: 200, description: "The job", json: jobSchema },
    problems: [404],
  },
} as const satisfies Routes;
