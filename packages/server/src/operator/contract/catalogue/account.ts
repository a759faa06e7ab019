/** `/accounts`: sellers and buyers, their users and roles, and the access keys of users. */
import { z } from "zod";
import type { Frozen, Routes } from "../route.ts";
import { quoted } from "../common.ts";
import { addRoute, changeRoute, listRoute, searchText, showRoute } from "./kind.ts";
import { name, namedOnce } from "./name.ts";
import { conditionSchema, policyWith, type ConditionSchema } from "./policy.ts";

export const accountId = quoted(/^\d{12}$/, "must be twelve digits, quoted");

// oxlint-disable-next-line typescript/explicit-function-return-type -- the schema that it makes is its type
export function accountWith(condition: ConditionSchema) {
  const policy = policyWith(condition);
  const user = z
    .strictObject({
      name: name(64),
      accessKeyId: z
        .string()
        .regex(/^[A-Z0-9]{16,128}$/, "must be 16 to 128 capital letters and digits")
        .optional(),
      secretAccessKey: z.string().min(1).max(128).optional(),
      policy: policy.optional().describe("Left out, the user may do whatever is served, for its own account."),
    })
    .refine(({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined), {
      message: "must have both accessKeyId and secretAccessKey, or neither",
    });
  const role = z.strictObject({
    name: z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be 1 to 64 letters, digits and +=,.@_-"),
    policy: policy.optional(),
    webIdentity: z
      .array(z.strictObject({ issuer: z.url(), audience: z.string().min(1), subject: z.string().min(1).max(255) }))
      .max(100)
      .optional()
      .describe("Who may assume it: tokens of an issuer, for an audience, whose subject matches (* and ? as in IAM)."),
  });
  return z
    .strictObject({
      id: accountId,
      title: name(255).optional(),
      users: z.array(user).default([]),
      roles: z.array(role).default([]),
    })
    .refine(({ users }) => namedOnce(users), { path: ["users"], message: "must not name a user twice" })
    .refine(({ roles }) => namedOnce(roles), { path: ["roles"], message: "must not name a role twice" })
    .describe("A seller or a buyer.");
}

const accountDocumentSchema = accountWith(conditionSchema);

const accountSchema = z
  .object({
    id: z.string(),
    title: z.string().optional(),
    users: z.array(
      z.object({
        name: z.string(),
        policy: policyWith(conditionSchema).optional(),
        accessKeyIds: z.array(z.string()),
      }),
    ),
    roles: accountDocumentSchema.shape.roles,
  })
  .meta({ id: "Account" });

/** An account as a catalogue file or a request body gives it. */
export type AccountDocument = z.output<typeof accountDocumentSchema>;
/** An account as it is shown: with the ids of its access keys, never their secrets. */
export type Account = Frozen<z.output<typeof accountSchema>>;

const accessKeySchema = z
  .object({ accessKeyId: z.string(), secretAccessKey: z.string(), accountId: z.string(), userName: z.string() })
  .meta({ id: "AccessKey" });

/** A new access key: the only answer that shows its secret. */
export type AccessKey = Frozen<z.output<typeof accessKeySchema>>;

export const accountRoutes = {
  "GET /accounts": listRoute("account", accountSchema, { q: searchText }),
  "POST /accounts": addRoute("account", accountDocumentSchema, accountSchema),
  "GET /accounts/{id}": showRoute("account", accountSchema),
  "PATCH /accounts/{id}": changeRoute("account", accountSchema),
  "POST /accounts/{id}/access-keys": {
    tag: "catalogue",
    command: "access-key create",
    summary: "Make an access key for a user; the secret is shown in this answer and never again",
    body: z.strictObject({ userName: z.string().optional().describe("Left out: the account's first user.") }),
    bodyOptional: true,
    answer: { status: 201, description: "The key", json: accessKeySchema },
    problems: [404],
  },
  "DELETE /accounts/{id}/access-keys/{keyId}": {
    tag: "catalogue",
    command: "access-key delete",
    summary: "Take an access key away; requests signed with it are refused from then on",
    answer: { status: 204, description: "It is gone" },
    problems: [404],
  },
} as const satisfies Routes;
