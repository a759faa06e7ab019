/** Names that people give to objects of the catalogue. */
import { z } from "zod";

/** The rule for new names in `domain/catalogue/value-problem.ts`; a test compares the two. */
const NEW_NAME = /^[^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]*$/u;

/** Control characters, or halves of surrogate pairs, could make two different keys look like one. */
export const name = (max: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not contain control characters or broken Unicode")
    .meta({ pattern: NEW_NAME.source });

export function namedOnce(objects: readonly { readonly name: string }[]): boolean {
  return new Set(objects.map((object) => object.name)).size === objects.length;
}
