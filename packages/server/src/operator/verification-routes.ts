/** `/audit-verification`: whether the trail is as it was written. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { AuditVerification } from "../checkpoints/audit-verification.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const verificationSchema = z
  .object({
    intact: z.boolean(),
    entries: z.int().openapi({ description: "Entries that were read and found as they were written." }),
    heads: z
      .array(z.object({ lane: z.string(), seq: z.int(), link: z.string() }))
      .readonly()
      .openapi({
        description: "Of each lane (a writer's chain) the newest entry that is in order, and its link (SHA-256).",
      }),
    checkpoints: z.object({
      count: z.int(),
      newestAt: timestamp.optional(),
      file: z.string(),
      keyFingerprint: z.string().openapi({ description: "Of the key that signs them: SHA-256 of the public key." }),
    }),
    disagreement: z.string().optional().openapi({ description: "The first thing that is not as it was written." }),
  })
  .openapi("AuditVerification");

export function verificationRoutes(app: OpenAPIHono<OperatorEnv>, { keeping }: OperatorContext): void {
  let running: Promise<AuditVerification> | undefined;
  app.openapi(
    createRoute({
      method: "get",
      path: "/audit-verification",
      tags: ["audit"],
      summary: "Recompute the chains of all entries, and hold them against the checkpoints; metering goes on meanwhile",
      responses: {
        200: { description: "What was found", content: { "application/json": { schema: verificationSchema } } },
        ...problems(),
      },
    }),
    async (c) => {
      // It reads the whole ledger: whoever asks while one is under way is told what that one finds.
      running ??= keeping.verifyAudit().finally(() => (running = undefined));
      return c.json(await running, 200);
    },
  );
}
