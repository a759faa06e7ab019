/** Tags of a reading: what AWS lets a part of a quantity be named by (Rules A4, A5), and their one text. */
import { TAGS_MAX, bucketText, type Tag } from "@countinghouse/protocol";

/** The service model's own pattern; ` -=` in it is a range. */
const TAG_TEXT = /^[a-zA-Z0-9+ -=._:/@]+$/;
const KEY_LENGTH_MAX = 100;
const VALUE_LENGTH_MAX = 256;

export const NO_TAGS = "[]";

/** The one text of a set of tags, from a JSON object of texts; or, beside `problem`, what is wrong with it. */
export function readTags(json: string): string | { readonly problem: string } {
  if (json === "null") return NO_TAGS;
  let given: unknown;
  try {
    given = JSON.parse(json);
  } catch {
    return { problem: "are not JSON" };
  }
  if (given === null) return NO_TAGS;
  if (typeof given !== "object" || Array.isArray(given)) return { problem: "are not an object of texts" };
  const tags: Tag[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== "string") return { problem: `have ${JSON.stringify(key)}, which is no text` };
    if (key.length > KEY_LENGTH_MAX || !TAG_TEXT.test(key)) {
      return {
        problem: `have the key ${JSON.stringify(key)}; AWS takes 1 to ${KEY_LENGTH_MAX} of letters, digits and + - = . _ : / @`,
      };
    }
    if (value.length > VALUE_LENGTH_MAX || !TAG_TEXT.test(value)) {
      return {
        problem: `have a value of ${JSON.stringify(key)} that AWS refuses; it takes 1 to ${VALUE_LENGTH_MAX} of letters, digits and + - = . _ : / @`,
      };
    }
    tags.push({ key, value });
  }
  if (tags.length > TAGS_MAX) return { problem: `are ${tags.length}; AWS takes up to ${TAGS_MAX}` };
  return tagsText(tags);
}

export function tagsText(tags: readonly Tag[]): string {
  return bucketText(tags);
}

export function tagsOf(text: string): Tag[] {
  return (JSON.parse(text) as [string, string][]).map(([key, value]) => ({ key, value }));
}

export function isTag({ key, value }: Tag): boolean {
  return typeof readTags(JSON.stringify({ [key]: value })) === "string";
}
