/** Audit events, and whether the trail is as it was written. */
import { iso } from "@countinghouse/protocol";
import type { AuditVerification as Found } from "../../checkpoints/audit-verification.ts";
import type { OperatorContext } from "../context.ts";
import type { AuditVerification, auditRoutes } from "../contract/ledger/audit.ts";
import type { AuditVerificationJob, verificationRoutes } from "../contract/ledger/verifications.ts";
import type { AnswerTo } from "../contract/routes.ts";
import { eventQueryOf, refuseEmptyRange } from "../event-query.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";
import { stateOf, type VerificationJob } from "../verification-jobs.ts";
import { auditEventView } from "../views/audit-event.ts";

export function auditHandlers(
  context: OperatorContext,
): Handlers<keyof typeof auditRoutes | keyof typeof verificationRoutes> {
  const { ledger, eventPages, verifications } = context;
  return {
    "GET /audit-events": async ({ query }): Promise<AnswerTo<"GET /audit-events">> => {
      refuseEmptyRange(query);
      const { items, nextCursor } = await eventPages.read({
        ...eventQueryOf(query),
        operations: query.eventName === undefined ? undefined : [query.eventName],
      });
      return {
        items: items.map(({ record }) => auditEventView(record)),
        nextCursor,
        keptSince: iso(await ledger.keptSince()),
      };
    },
    // A verification reads the whole ledger, so a request that comes while one is under way gets its result.
    "GET /audit-verification": async ({ principal }) => verificationView(await verifications.result(principal)),
    "POST /audit-verifications": async ({ principal }) => jobView(await verifications.begin(principal)),
    "GET /audit-verifications": () => ({ items: verifications.all.map(jobView) }),
    "GET /audit-verifications/{id}": ({ params: { id } }) => {
      const job = verifications.find(id);
      if (job === undefined) {
        throw new ProblemError(
          404,
          "No such verification: only the last one that has ended is kept, as long as the server runs.",
        );
      }
      return jobView(job);
    },
  };
}

function verificationView({ intact, entries, heads, checkpoints, disagreement }: Found): AuditVerification {
  const { count, newestAt, file, keyFingerprint } = checkpoints;
  return {
    intact,
    entries,
    heads: heads.map(({ lane, seq, link }) => ({ lane, seq, link })),
    checkpoints: { count, newestAt, file, keyFingerprint },
    disagreement,
  };
}

function jobView(job: VerificationJob): AuditVerificationJob {
  return {
    id: job.id,
    state: stateOf(job),
    startedAt: iso(job.startedAtMs),
    endedAt: iso(job.endedAtMs),
    startedBy: job.startedBy,
    entriesRead: job.entriesRead,
    entriesTotal: job.entriesTotal,
    result: job.result && verificationView(job.result),
    problem: job.problem,
  };
}
