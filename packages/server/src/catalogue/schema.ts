/**
 * The catalogue as people write it, in YAML and through the operator API: one set of schemas for both, and for the
 * JSON Schema that ships with the package.
 */
import { HOUR_MS } from "@countinghouse/protocol";
import { z } from "zod";
import { BEGINNING } from "../domain/catalogue/over-time.ts";
import { CHANGES_MAX } from "../domain/catalogue/product-change.ts";
import { readTime, TIME_EXPECTED, TIME_PATTERN } from "../domain/written-values.ts";
import { OPERATOR_PATTERN } from "../identity/condition-operators.ts";
import { CONDITION_KEY_PATTERN, readCondition } from "../identity/policy-conditions.ts";
import { NAME_PATTERN, PRICE_PATTERN } from "../domain/catalogue/value-problem.ts";

/** What else holds of new names stands in `value-problem.ts`. Control characters, and halves of surrogate pairs, in a name would make two keys look like one. */
const name = (max: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not contain control characters or broken Unicode")
    .meta({ pattern: NAME_PATTERN });

/** A text of digits, which YAML takes for a number where its quotes are missing. */
const quoted = (pattern: RegExp, problem: string): z.ZodString => z.string(problem).regex(pattern, problem);

const accountId = quoted(/^\d{12}$/, "must be twelve digits, quoted");
/** A text that is a moment. It stays the text that was written: a file's text says whether the file has changed. */
export function moment(text: z.ZodString): z.ZodString {
  return text
    .refine((written) => readTime(written) !== undefined, TIME_EXPECTED)
    .meta({ format: "date-time", pattern: TIME_PATTERN });
}

const timestamp = moment(z.string(TIME_EXPECTED));
export const hourEdgeSchema = timestamp.refine(
  // What is no time at all has been complained about.
  (text) => (readTime(text) ?? 0) % HOUR_MS === 0,
  "must be the first moment of an hour (UTC), such as 2027-01-01T00:00:00Z",
);

function namedOnce(objects: readonly { readonly name: string }[]): boolean {
  return new Set(objects.map((object) => object.name)).size === objects.length;
}

function inOrderOfTime(steps: readonly { readonly effectiveFrom?: string | undefined }[]): boolean {
  const fromMs = steps.map(({ effectiveFrom }) => (effectiveFrom === undefined ? undefined : readTime(effectiveFrom)));
  return fromMs.every((atMs, i) => i === 0 || (atMs !== undefined && !(atMs <= (fromMs[i - 1] ?? BEGINNING))));
}

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

const conditionValue = z.union([z.string(), z.number(), z.boolean()], "must be a text, a number or a boolean");
const conditionValues = z.union(
  [...conditionValue.options, z.array(conditionValue)],
  "must be a text, a number or a boolean, or a list of them",
);

/** A record leaves such a member out without a word, and a condition that is left out gives more than was meant. */
const withoutPrototype = z
  .unknown()
  .refine(
    (given) =>
      ![given, ...(isObject(given) ? Object.values(given) : [])].some(
        (value) => isObject(value) && Object.hasOwn(value, "__proto__"),
      ),
    "must not have a member __proto__",
  );

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

const operatorsWithKeys = z
  .record(z.string(), z.record(z.string(), conditionValues).meta({ propertyNames: { pattern: CONDITION_KEY_PATTERN } }))
  .meta({ propertyNames: { pattern: OPERATOR_PATTERN } });

const policyCondition = z
  .intersection(operatorsWithKeys, withoutPrototype)
  .superRefine((condition, context) => {
    for (const { path, message } of readCondition(condition).problems) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  })
  .describe("What must hold of a request: operators of IAM's, each with condition keys and their values.");

const policyStatement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(["Allow", "Deny"]),
    Action: oneOrMore.optional(),
    NotAction: oneOrMore.optional(),
    Resource: oneOrMore.optional(),
    NotResource: oneOrMore.optional(),
    Condition: policyCondition.optional(),
  })
  .refine((statement) => (statement.Action === undefined) !== (statement.NotAction === undefined), {
    message: "must have exactly one of Action and NotAction",
  })
  .refine((statement) => (statement.Resource === undefined) !== (statement.NotResource === undefined), {
    message: "must have exactly one of Resource and NotResource",
  });

/** What policies of other kinds have: a policy of an identity would mean something else without it. */
export const unsupportedPolicyElements: ReadonlySet<string> = new Set(["NotPrincipal", "Principal"]);

/** IAM's own bound, for a role's inline policies; white space between members does not count. */
const POLICY_CHARACTERS_MAX = 10_240;

export const policySchema = z
  .strictObject({
    Version: z.enum(["2012-10-17", "2008-10-17"]).optional(),
    Id: z.string().optional(),
    Statement: z.union([policyStatement, z.array(policyStatement)]),
  })
  .refine(
    // Without conditions, any size was taken before there were any.
    (policy) => !hasCondition(policy) || JSON.stringify(policy).length <= POLICY_CHARACTERS_MAX,
    `must have at most ${POLICY_CHARACTERS_MAX} characters where it has a Condition`,
  )
  .describe(
    "An IAM policy document of a user or a role. Elements, operators and keys that are not supported are refused.",
  );

function hasCondition({ Statement }: { Statement: { Condition?: unknown } | { Condition?: unknown }[] }): boolean {
  return [Statement].flat().some(({ Condition }) => Condition !== undefined);
}

export const userSchema = z
  .strictObject({
    name: name(64),
    accessKeyId: z
      .string()
      .regex(/^[A-Z0-9]{16,128}$/, "must be 16 to 128 capital letters and digits")
      .optional(),
    secretAccessKey: z.string().min(1).max(128).optional(),
    policy: policySchema.optional().describe("Left out, the user may do whatever is served, for its own account."),
  })
  .refine((user) => (user.accessKeyId === undefined) === (user.secretAccessKey === undefined), {
    message: "must have both accessKeyId and secretAccessKey, or neither",
  });

const roleSchema = z.strictObject({
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/, "must be 1 to 64 letters, digits and +=,.@_-"),
  policy: policySchema.optional(),
  webIdentity: z
    .array(z.strictObject({ issuer: z.url(), audience: z.string().min(1), subject: z.string().min(1).max(255) }))
    .max(100)
    .optional()
    .describe("Who may assume it: tokens of an issuer, for an audience, whose subject matches (* and ? as in IAM)."),
});

export const accountSchema = z
  .strictObject({
    id: accountId,
    title: name(255).optional(),
    users: z.array(userSchema).default([]),
    roles: z.array(roleSchema).default([]),
  })
  .refine(({ users }) => namedOnce(users), { path: ["users"], message: "must not name a user twice" })
  .refine(({ roles }) => namedOnce(roles), { path: ["roles"], message: "must not name a role twice" })
  .describe("A seller or a buyer.");

/** IAM's own bound. */
const ISSUER_CHARACTERS_MAX = 255;

export const issuerSchema = z
  .strictObject({
    issuer: z.url().max(ISSUER_CHARACTERS_MAX).describe("As tokens name it."),
    jwksFile: z.string().min(1).optional().describe("A JSON Web Key Set; its path is relative to this file."),
    jwksUrl: z
      .url({ protocol: /^https?$/ })
      .regex(
        /^(https:\/\/|http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])[:/]).*$/,
        "must be https, but for addresses of this machine",
      )
      .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), "must not hold a name or a password")
      .optional(),
    caFile: z.string().min(1).optional().describe("Certificates in PEM that the URL's server is believed by, too."),
    region: z
      .string()
      .regex(/^[a-z]{2,4}(-[a-z]+)+-\d+$/, "must be a region")
      .optional()
      .describe("Where its cluster runs, unless its name says so."),
  })
  .refine(({ jwksFile, jwksUrl }) => (jwksFile === undefined) !== (jwksUrl === undefined), {
    message: "must have exactly one of jwksFile and jwksUrl",
  })
  .refine(({ caFile, jwksUrl }) => caFile === undefined || jwksUrl !== undefined, {
    path: ["caFile"],
    message: "goes with jwksUrl only",
  })
  .describe("Who issues web identity tokens. For any other issuer nothing is read or fetched.");

export const priceSchema = quoted(/^\d+(\.\d+)?$/, "must be a decimal number, quoted").meta({
  pattern: PRICE_PATTERN,
});

const priceStep = z.strictObject({
  price: priceSchema.nullable().describe("US dollars a unit; null for no price any more."),
  effectiveFrom: hourEdgeSchema
    .optional()
    .describe(
      "From when on it holds; only the first of a list can be without: from the beginning, or the coming hour.",
    ),
});

export const dimensionSchema = z.strictObject({
  name: name(255),
  description: name(1_000).optional(),
  unit: name(100).optional().describe("What one of it is called; another is reported from the coming hour on."),
  price: priceSchema
    .optional()
    .describe(
      "US dollars a unit, at most 12 digits before the point and 12 after; one that changes holds from the coming hour on.",
    ),
  prices: z
    .array(priceStep)
    .min(1)
    .max(CHANGES_MAX + 1)
    .refine(inOrderOfTime, "must be in the order of effectiveFrom, which only the first can be without")
    .optional()
    .describe("Prices in time, instead of price. Those of hours that have begun cannot change, and can be left out."),
  kind: z
    .enum(["metered", "entitled", "hours"])
    .default("metered")
    .describe(
      "hours: what an hourly, free or BYOL container product is reported by; each of them has one such dimension.",
    ),
});

export const productSchema = z
  .strictObject({
    productCode: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[-a-zA-Z0-9/=:_.@]*$/, "may hold letters, digits and -/=:_.@"),
    title: name(255),
    seller: accountId,
    type: z.enum(["saas", "ami", "container"]),
    pricing: z.enum(["usage", "hourly", "contract", "contract-with-usage", "free", "byol"]),
    fulfilmentUrl: z.url({ protocol: /^https?$/ }).optional(),
    dimensions: z.array(dimensionSchema).max(200).default([]),
  })
  .refine(({ dimensions }) => namedOnce(dimensions), {
    path: ["dimensions"],
    message: "must not name a dimension twice",
  });

/** What is no time has a complaint of its own. */
function isAfter(later: string | undefined, earlier: string): boolean {
  const [laterMs, earlierMs] = [readTime(later ?? ""), readTime(earlier)];
  return laterMs === undefined || earlierMs === undefined || laterMs > earlierMs;
}

export const agreementSchema = z
  .strictObject({
    agreementId: name(255),
    productCode: z.string().min(1),
    customerAccountId: accountId,
    customerIdentifier: name(255).optional().describe("Left out for products of the new style."),
    licenseArn: z
      .string()
      .regex(
        /^arn:aws[a-zA-Z-]*:license-manager:[a-z0-9-]*:\d{0,12}:license[:/][A-Za-z0-9_/.-]+$/,
        "must be a licence ARN",
      )
      .optional(),
    replaces: name(255)
      .optional()
      .describe("The agreement that this one goes on with, under names of its own, from startsAt on."),
    startsAt: timestamp
      .optional()
      .describe("May be left out where it replaces another: then the next hour's edge more than 15 minutes ahead."),
    endsAt: timestamp.optional(),
    freeTrial: z.boolean().optional(),
    entitlements: z
      .array(
        z.strictObject({
          dimension: name(255),
          value: z.union([z.number(), z.boolean(), z.string()], "must be a number, a boolean or a text"),
          expiresAt: timestamp.optional(),
        }),
      )
      .default([]),
  })
  .refine(({ startsAt, replaces }) => startsAt !== undefined || replaces !== undefined, {
    path: ["startsAt"],
    message: "is required, unless it replaces another agreement",
  })
  .refine(({ startsAt, endsAt }) => startsAt === undefined || isAfter(endsAt, startsAt), {
    path: ["endsAt"],
    message: "must lie after startsAt",
  })
  .refine(({ entitlements }) => new Set(entitlements.map(({ dimension }) => dimension)).size === entitlements.length, {
    path: ["entitlements"],
    message: "must not name a dimension twice",
  });

export const catalogueFileSchema = z
  .strictObject({
    accounts: z.array(accountSchema).default([]),
    issuers: z.array(issuerSchema).default([]),
    products: z.array(productSchema).default([]),
    agreements: z.array(agreementSchema).default([]),
  })
  .describe("A countinghouse catalogue: who sells what to whom.");

export type AccountDocument = z.infer<typeof accountSchema>;
export type ProductDocument = z.infer<typeof productSchema>;
export type AgreementDocument = z.infer<typeof agreementSchema>;
export type IssuerDocument = z.infer<typeof issuerSchema>;
export type CatalogueDocument = z.infer<typeof catalogueFileSchema>;

/** The JSON Schema of the catalogue file, as it ships with the package. */
export function catalogueJsonSchema(): object {
  return {
    ...z.toJSONSchema(catalogueFileSchema, { io: "input" }),
    title: "Countinghouse catalogue",
  };
}
