/** Readings as one statement for the function that keeps them. */
import type { GivenReading, SetAsideReason } from "../../domain/reading.ts";
import type { RecordAnswer, Statement, StoreTransaction } from "../../store/store.ts";
import type { Ask } from "./connection.ts";
import type { Row } from "../columns.ts";
import { inSchema } from "./schema/steps.ts";

const MEMBERS = ["readingId", "tenant", "meter", "quantity", "at", "tags"] as const;

/** What PostgreSQL's texts cannot hold; its place is taken by the character that Unicode has for that, which no name may have. */
// oxlint-disable-next-line no-control-regex -- that is what it is about
const NOT_HELD = /\u0000|\p{Cs}/gu;
const SUBSTITUTE = "\u001a";

/** Texts only, so that every driver sends them as they are. Most often it is one reading, which need not become JSON. */
export function recordStatement(schema: string, given: readonly GivenReading[], machineMs?: number): Statement {
  const readings = given.map((reading) => MEMBERS.map((member) => reading[member].replace(NOT_HELD, SUBSTITUTE)));
  const machine = machineMs === undefined ? [] : [machineMs];
  const [one] = readings;
  if (one !== undefined && readings.length === 1) {
    const places = MEMBERS.map((_, at) => `$${at + 1}::text`).join(", ");
    const more = machineMs === undefined ? "" : ", $7::bigint";
    const text = `SELECT $1::text AS reading_id, answer, reason, message FROM @.record_explained(${places}${more})`;
    return { text: inSchema(text, schema), values: [...one, ...machine] };
  }
  const objects = readings.map((values) => Object.fromEntries(MEMBERS.map((member, at) => [member, values[at]])));
  const more = machineMs === undefined ? "" : ", $2::bigint";
  const text = `SELECT reading_id, answer, reason, message FROM @.record($1::text::jsonb${more})`;
  return { text: inSchema(text, schema), values: [JSON.stringify(objects), ...machine] };
}

/** As `recordAside` of the port says. Whoever deletes the row records the reading, and nobody else. */
export async function recordAside(
  ask: Ask,
  { reason, untilDay, machineMs, limit }: Parameters<StoreTransaction["recordAside"]>[0],
  isDue: Parameters<StoreTransaction["recordAside"]>[1],
): Promise<{ readonly taken: number; readonly left: number }> {
  const found = await ask(
    `SELECT set_aside_id, given, recorded_ms FROM @.set_aside AS aside
     WHERE reason = $1 AND left(given::json->>'at', 10) COLLATE "C" <= $2
       AND NOT EXISTS (SELECT FROM @.reading WHERE reading.tenant = aside.tenant AND reading_id = aside.given::json->>'readingId')
     ORDER BY set_aside_id DESC LIMIT $3`,
    reason,
    untilDay,
    limit,
  );
  const due = found.filter((row) =>
    isDue(JSON.parse(String(row["given"])) as GivenReading, Number(row["recorded_ms"])),
  );
  let taken = 0;
  if (due.length > 0) {
    const ids = due.map((row) => String(row["set_aside_id"]));
    const gone = await ask(
      "DELETE FROM @.set_aside WHERE set_aside_id = ANY ($1::text[]::bigint[]) RETURNING given",
      ids,
    );
    taken = gone.length;
    const readings = `[${gone.map((row) => String(row["given"])).join(",")}]`;
    await ask("SELECT answer FROM @.record($1::text::jsonb, $2::bigint)", readings, machineMs);
  }
  const [left] = await ask("SELECT count(*) AS n FROM @.set_aside WHERE reason = $1", reason);
  return { taken, left: Number(left?.["n"]) };
}

/** In the order of what was given. */
export function answersOf(given: readonly GivenReading[], rows: readonly Row[]): readonly RecordAnswer[] {
  return given.map(({ readingId }, at) => {
    const { answer, reason, message } = rows[at] ?? {};
    if (answer === "recorded" || answer === "known") return { readingId, answer };
    if (answer !== "conflicting" && answer !== "set-aside")
      throw new TypeError("The database answered what it never should.");
    return { readingId, answer, reason: String(reason) as SetAsideReason, message: String(message) };
  });
}
