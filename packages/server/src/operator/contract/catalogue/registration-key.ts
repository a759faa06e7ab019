/** `/registration-keys`: the keys that sign RegisterUsage answers. Only their public halves are shown. */
import { z } from "zod";
import { pageSchema, pageQuery, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";

const registrationKeySchema = z
  .object({
    version: z.int(),
    publicKey: z.string().describe("SPKI in PEM, as sellers build it into their containers."),
    createdAt: timestamp,
    expiredAt: timestamp.optional().describe("When a newer version took its place."),
  })
  .meta({ id: "RegistrationKey" });

/** The public half of a key that signs RegisterUsage answers. */
export type RegistrationKey = Frozen<z.output<typeof registrationKeySchema>>;

export const registrationKeyRoutes = {
  "GET /registration-keys": {
    tag: "registration keys",
    command: "registration-key list",
    summary: "The keys that RegisterUsage answers are signed with, oldest first: their public halves",
    query: pageQuery,
    answer: { status: 200, description: "The keys", json: pageSchema(registrationKeySchema) },
    problems: [400],
  },
  "POST /registration-keys": {
    tag: "registration keys",
    command: "registration-key rotate",
    summary:
      "Make a new key version; the one before has expired with that, and goes on signing for those who ask for it",
    answer: { status: 201, description: "The new key", json: registrationKeySchema },
  },
} as const satisfies Routes;
