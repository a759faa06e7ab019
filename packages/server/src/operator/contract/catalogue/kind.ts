/** The four routes that accounts, products and agreements each have: list, add, show, change. */
import { z } from "zod";
import { pageSchema, pageQuery } from "../common.ts";
import { SEARCH_CHARACTERS_MAX } from "../values.ts";

/** A text to be found in names. */
export const searchText = z
  .string()
  .min(1)
  .max(SEARCH_CHARACTERS_MAX)
  .optional()
  .describe("Only those with this text in an id or a name; letters in either case.");

type Noun = "account" | "product" | "agreement";

const tag = "catalogue";

// oxlint-disable-next-line typescript/explicit-function-return-type -- each route's type carries its schemas
export function listRoute<Shown extends z.ZodType, Filters extends z.ZodRawShape>(
  noun: Noun,
  shown: Shown,
  filters: Filters,
) {
  return {
    tag,
    command: `${noun} list`,
    summary: `List ${noun}s`,
    query: pageQuery.extend(filters),
    answer: { status: 200, description: `A page of ${noun}s`, json: pageSchema(shown) },
    problems: [400],
  } as const;
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the same
export function addRoute<Document extends z.ZodType<object>, Shown extends z.ZodType>(
  noun: Noun,
  document: Document,
  shown: Shown,
) {
  return {
    tag,
    command: `${noun} add`,
    summary: `Add a new ${noun}`,
    body: document,
    answer: { status: 201, description: `The ${noun}`, json: shown },
    problems: [409],
  } as const;
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the same
export function showRoute<Shown extends z.ZodType>(noun: Noun, shown: Shown) {
  return {
    tag,
    command: `${noun} show`,
    summary: `Show one ${noun}`,
    answer: { status: 200, description: `The ${noun}`, json: shown },
    problems: [404],
  } as const;
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the same
export function changeRoute<Shown extends z.ZodType>(noun: Noun, shown: Shown) {
  return {
    tag,
    command: `${noun} change`,
    summary: `Change one ${noun}: members that are given replace those that are there; null takes one away`,
    body: z.looseObject({}),
    answer: { status: 200, description: `The ${noun}`, json: shown },
    problems: [404, 409],
  } as const;
}
