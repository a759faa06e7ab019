/** What a catalogue file says: checked against its schema, with every complaint at its place. */
import type { z } from "zod";
import { catalogueFileSchema, type CatalogueDocument } from "./schema.ts";

/** Elements of other kinds of policies. They are refused: without them, the policy would mean something else. */
const UNSUPPORTED_POLICY_ELEMENTS: ReadonlySet<string> = new Set(["NotPrincipal", "Principal"]);

/** Everything that is wrong with a catalogue file, each problem with `file:line:column`. */
export class CatalogueFileError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The catalogue is not valid:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "CatalogueFileError";
    this.problems = problems;
  }
}

/** Gives the place of a member, for complaints that are found after parsing. */
export type Locate = (path: readonly PropertyKey[]) => string;

/** Throws CatalogueFileError for what does not fit the schema. */
export function documentOf(value: unknown, locate: Locate): CatalogueDocument {
  const parsed = catalogueFileSchema.safeParse(value ?? {});
  if (!parsed.success) {
    throw new CatalogueFileError(complaintsOf(parsed.error).map((one) => `${locate(one.path)}: ${one.text}`));
  }
  return parsed.data;
}

/** The complaints about a value that does not fit its schema, one for each member. */
export function complaintsOf(
  error: z.core.$ZodError,
): { readonly path: readonly PropertyKey[]; readonly text: string }[] {
  return error.issues.flatMap(openUnion).map((issue) => {
    const secret = issue.path.findIndex((part) => !looksLikeName(String(part)));
    const named = secret === -1 ? issue.path : issue.path.slice(0, secret);
    const where = named.length === 0 ? "" : `${named.map(String).join(".")}: `;
    return { path: issue.path, text: where + issueText(issue) };
  });
}

/** A member of the schema, an index of a list, or an operator or key of a policy's condition. */
function looksLikeName(part: string): boolean {
  return /^(\d+|[A-Za-z_-]{1,36}|[\w-]{1,32}:[\w./-]{1,64})$/.test(part);
}

/** Of alternative schemas, the one whose type fits was meant: its complaints say more. */
function openUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const fitting = issue.errors.filter(
    (all) => !all.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  const [meant] = fitting;
  if (meant === undefined || fitting.length > 1) return [issue];
  return meant.flatMap((inner) => openUnion({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Complaints never quote the text, because it may be a secret, even in the place of a name (where a space is missing). */
function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code !== "unrecognized_keys") return issue.message;
  const names = issue.keys.filter((key) => /^[A-Za-z_]{1,32}$/.test(key));
  const unsupported = names.filter((key) => UNSUPPORTED_POLICY_ELEMENTS.has(key));
  if (unsupported.length > 0) return `${unsupported.join(", ")} of a policy: not supported here`;
  return `unknown member ${names.join(", ")}`.trim();
}
