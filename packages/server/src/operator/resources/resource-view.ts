/** Metered resources as the operator API shows them. */
import { z } from "@hono/zod-openapi";
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { isLive, type MeteredResource } from "../../domain/resources/metered-resource.ts";
import { timestamp } from "../timestamp.ts";

export const resourceSchema = z
  .object({
    resourceId: z.string().openapi({ description: "Follows from platform and external id." }),
    platform: z.enum(["ec2", "ecs", "eks"]),
    externalId: z.string().openapi({ description: "Instance id, task ARN or pod uid." }),
    accountId: z.string(),
    region: z.string(),
    roleName: z.string().optional(),
    startedAt: timestamp,
    stoppedAt: timestamp.optional(),
    live: z.boolean().openapi({ description: "Whether it runs, as far as is known." }),
    heardAt: timestamp.openapi({ description: "When there was last a sign of it, to within an hour or so." }),
    registrations: z
      .array(
        z.object({
          productCode: z.string(),
          registeredAt: timestamp,
          accruedTo: timestamp.optional().openapi({ description: "Use before this is in the ledger." }),
        }),
      )
      .openapi({ description: "Products that it has registered, each of which is metered from then on." }),
  })
  .openapi("Resource");

export type ResourceView = z.infer<typeof resourceSchema>;

export function resourceView(resource: MeteredResource, nowMs: EpochMs): ResourceView {
  const { resourceId, platform, externalId, accountId, region, roleName } = resource;
  const { startedAtMs, stoppedAtMs, heardAtMs, registrations } = resource;
  return {
    resourceId,
    platform,
    externalId,
    accountId,
    region,
    ...(roleName === undefined ? {} : { roleName }),
    startedAt: iso(startedAtMs),
    ...(stoppedAtMs === undefined ? {} : { stoppedAt: iso(stoppedAtMs) }),
    live: isLive(resource, nowMs),
    heardAt: iso(heardAtMs),
    registrations: registrations.map(({ productCode, registeredAtMs, accruedToHour }) => ({
      productCode,
      registeredAt: iso(registeredAtMs),
      ...(accruedToHour === undefined ? {} : { accruedTo: iso(accruedToHour * HOUR_MS) }),
    })),
  };
}

function iso(atMs: EpochMs): string {
  return new Date(atMs).toISOString();
}
