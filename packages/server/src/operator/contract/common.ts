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

export const pageQuery = z.object({
  cursor: z.string().max(1_000).optional(),
  limit: z
    .string()
    .transform((text, refinement) => {
      const limit = readWhole(text, 1, PAGE_ITEMS_MAX);
      if (limit !== undefined) return limit;
      refinement.addIssue({ code: "custom", message: `must be a whole number from 1 to ${PAGE_ITEMS_MAX}` });
      return z.NEVER;
    })
    .default(PAGE_ITEMS_DEFAULT)
    .meta({ type: "integer", minimum: 1, maximum: PAGE_ITEMS_MAX, default: PAGE_ITEMS_DEFAULT }),
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
