/**
 * Holds an object of the catalogue that comes from elsewhere against the schema of its documents. Values that earlier versions accepted
 * (names, lengths, prices) are no problem: ledgers hold them, and they stay in force. A policy must fit its schema in all respects.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { z } from "zod";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { agreementSchema } from "../operator/contract/catalogue/agreement.ts";
import { productSchema } from "../operator/contract/catalogue/product.ts";
import { complaintsOf } from "./catalogue-file.ts";
import { agreementView } from "./documents.ts";
import { productView } from "./product-documents.ts";
import { checkedAccountSchema } from "./schema.ts";

/** What is wrong with it and where, without a word of what was sent; undefined where it is sound. Throws where it cannot be shown at all. */
export function shapeProblem(change: CatalogueChange, nowMs: EpochMs): string | undefined {
  return timeProblem(change.value, []) ?? schemaProblem(change, nowMs);
}

/** Times are kept as numbers. A text in place of one could still be shown, and would compare with nothing. */
function timeProblem(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const at = [...path, name];
    if (name.endsWith("Ms") && !Number.isFinite(member)) return `${at.join(".")}: must be a time, as a number`;
    const problem = timeProblem(member, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const anIssuer = z.object({ issuer: z.string(), region: z.string().optional() });
const anAccessKey = z.object({ accessKeyId: z.string(), accountId: z.string(), userName: z.string() });

function schemaProblem(change: CatalogueChange, nowMs: EpochMs): string | undefined {
  const { kind, value } = change;
  if (value === undefined) return undefined;
  if (kind === "account") {
    const { id, title, users, roles } = value;
    const named = users.map(({ name, policy }) => ({ name, policy }));
    return complaint(checkedAccountSchema, { id, title, users: named, roles });
  }
  if (kind === "product") return complaint(productSchema, productView(value, nowMs));
  if (kind === "agreement") return complaint(agreementSchema, agreementView(value, nowMs));
  if (kind === "issuer") return complaint(anIssuer, value);
  return kind === "access-key" ? complaint(anAccessKey, value) : undefined;
}

/** Of these no version has accepted any. */
const OF_SHAPE: ReadonlySet<string> = new Set(["invalid_type", "invalid_union", "invalid_value", "unrecognized_keys"]);

function complaint(schema: z.ZodType, shown: unknown): string | undefined {
  const issues = schema.safeParse(shown).error?.issues ?? [];
  const wrong = issues.filter(({ code, path }) => OF_SHAPE.has(code) || path.includes("policy"));
  return complaintsOf(new z.ZodError(wrong))[0]?.text;
}
