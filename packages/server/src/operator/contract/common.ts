/** What many routes share: times, and lists that come in pages. */
import { TIME_EXPECTED, TIME_PATTERN, readTime, readWhole } from "@countinghouse/protocol";
import { z } from "zod";
import type { Frozen } from "./route.ts";
import { PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX } from "./values.ts";

/** A time. It stays the text that was written, because a catalogue file's text shows whether the file has changed. */
export const timestamp = z
  .string(TIME_EXPECTED)
  .refine((written) => readTime(written) !== undefined, TIME_EXPECTED)
  .meta({ format: "date-time", pattern: TIME_PATTERN });

/** A text of digits; without quotes, YAML would take it for a number. */
export const quoted = (pattern: RegExp, problem: string): z.ZodString => z.string(problem).regex(pattern, problem);

/** How many of something are asked for, as a query has it. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- the schema that it makes is its type
export function countText(max: number, otherwise: number) {
  return z
    .string()
    .transform((text, refinement) => {
      const count = readWhole(text, 1, max);
      if (count !== undefined) return count;
      refinement.addIssue({ code: "custom", message: `must be a whole number from 1 to ${max}` });
      return z.NEVER;
    })
    .default(otherwise)
    .meta({ type: "integer", minimum: 1, maximum: max, default: otherwise });
}

export const pageQuery = z.object({
  cursor: z.string().max(1_000).optional(),
  limit: countText(PAGE_ITEMS_MAX, PAGE_ITEMS_DEFAULT),
});

/** `{items, nextCursor?}`. */
export function pageSchema<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodOptional<z.ZodString> }> {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** A page of any items. */
export type Page<Item> = Omit<Frozen<z.output<ReturnType<typeof pageSchema>>>, "items"> & {
  readonly items: readonly Item[];
};

/** Names and figures of an entry that have no schema of their own. */
export const details = z.record(z.string(), z.unknown());
