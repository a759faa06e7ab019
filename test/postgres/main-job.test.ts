/** A seller's whole job once more, with every record in PostgreSQL. */
import { test } from "vitest";
import { whyNoPostgres } from "../support/postgres/database.ts";

const elsewhere = process.env["WIRE_ENDPOINT"] === undefined ? undefined : "WIRE_ENDPOINT is set";
const reason = elsewhere ?? whyNoPostgres();

if (reason === undefined) {
  process.env["MAIN_JOB_STORE"] = "postgres";
  await import("../wire/main-job.test.ts");
} else {
  process.stdout.write(`skipped: the main job on PostgreSQL: ${reason}\n`);
  test.skip("the main job on PostgreSQL", () => undefined);
}
