/** What goes wrong with a database, in words that say what to do. The driver's own messages hold no password. */
import { OutboxError } from "../../store/outbox-error.ts";

/** SQLSTATE: five characters; `undefined` for what the database did not say. */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && !/^E[A-Z]{4}$/.test(error.code) ? error.code : undefined;
}

/** Serialisation failures and deadlocks: the same work, done again, may well succeed. */
export function mayBeDoneAgain(error: unknown): boolean {
  return ["40001", "40P01"].includes(sqlState(error) ?? "");
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(40001|40P01)$/, "was in the way of itself again and again"],
  [/^55P03$/, "holds rows locked for longer than anything should take: is a process stopped in the midst of its work"],
  [/^57014$/, "gave a statement up: its statement_timeout is too short for this user"],
  [/^53100$/, "has no space left. Nothing was kept; make space, and it goes on"],
  [/^53/, "is out of means"],
  [/^25006$/, "is read-only: a standby. The outbox needs the primary, always"],
  [/^28/, "does not let this user in"],
  [/^(08|57P)/, "is gone, or going down"],
];

const GIVING =
  "`countinghouse-outbox migrate`, run as the schema's owner, gives it: with `--worker-role ROLE` to a user that closes hours, delivers and reports, with `--application-role ROLE` to one that only records.";

/** Trouble of the database as an `OutboxError`; anything else, which is a defect, as it is. */
export function troubleOf(error: unknown, schema: string): unknown {
  if (!(error instanceof Error) || error instanceof OutboxError) return error;
  const state = sqlState(error);
  const place = `The outbox's database (schema ${schema})`;
  if (state === "42P01" || state === "3F000") {
    const what = `The schema ${schema} is not in this database, or is incomplete`;
    return new OutboxError("schema", `${what}: run \`countinghouse-outbox init\` as its owner first.`, error);
  }
  if (state === "42501") {
    const what = `This user lacks a right in the schema ${schema}: ${error.message}`;
    return new OutboxError("store", `${what}. ${GIVING}`, error);
  }
  if (state === undefined) {
    return isOfTheConnection(error)
      ? new OutboxError("store", `${place} cannot be reached: ${error.message || String(error)}.`, error)
      : error;
  }
  const words = WORDS.find(([pattern]) => pattern.test(state))?.[1];
  return words === undefined ? error : new OutboxError("store", `${place} ${words}: ${error.message}.`, error);
}

/** The driver says it by a system error, or in words of its own. */
function isOfTheConnection(error: Error): boolean {
  if ("code" in error && typeof error.code === "string" && /^(E[A-Z]+|SELF_|CERT_|ERR_TLS)/.test(error.code))
    return true;
  if (error instanceof AggregateError) return true;
  return /connection|timeout|pool|client.*(closed|not queryable)/i.test(error.message);
}
