/** Which statements are refused for a ledger on several machines; four of them were refused by Citus once. */
import { describe, expect, test } from "vitest";
import { refusalOf } from "../../../../../test/support/postgres/statement-shapes.ts";

describe("a statement is refused", () => {
  test.each([
    [
      "with a volatile function",
      "UPDATE countinghouse.entry SET link = gen_random_uuid()::text::bytea WHERE shard_key = $1",
    ],
    [
      "with OFFSET in a subquery that is looked up row by row, on all shards",
      `SELECT k.n, m.id FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS k (hour, key, shard_key, n)
       CROSS JOIN LATERAL (SELECT * FROM countinghouse.metering_record
         WHERE (hour, key, shard_key) = (k.hour, k.key, k.shard_key) OFFSET 0) m`,
    ],
    [
      "with recursion",
      `WITH RECURSIVE held AS (SELECT min(lane) AS lane FROM countinghouse.entry UNION ALL
         SELECT (SELECT min(e.lane) FROM countinghouse.entry e WHERE e.lane > held.lane) FROM held WHERE lane IS NOT NULL)
       SELECT lane FROM held`,
    ],
    [
      "with a window before its LIMIT",
      "SELECT hour, row_number() OVER (ORDER BY hour, key) FROM countinghouse.metering_record ORDER BY hour, key LIMIT 10",
    ],
    [
      "with a LIMIT inside",
      "SELECT * FROM (SELECT * FROM countinghouse.metering_record ORDER BY hour, key LIMIT 20000) m WHERE quantity > 0",
    ],
    [
      "that is about what is spread and what is not",
      "SELECT min(at_ms) FROM countinghouse.entry WHERE EXISTS (SELECT 1 FROM countinghouse.lane WHERE has_expired)",
    ],
  ])("%s", (_what, sql) => {
    expect(refusalOf(sql)).toBeDefined();
  });

  test.each([
    "UPDATE countinghouse.state SET version = version + 1, state_edition = gen_random_uuid()",
    `SELECT m.id FROM unnest($1::bigint[], $2::uuid[]) AS k (hour, key)
     CROSS JOIN LATERAL (SELECT * FROM countinghouse.metering_record
       WHERE (hour, key) = (k.hour, k.key) AND shard_key = $3::bigint OFFSET 0) m`,
    "SELECT hour, key FROM countinghouse.metering_record WHERE hour <= $1 ORDER BY hour, key OFFSET $2 LIMIT 1",
    "INSERT INTO countinghouse.metering_record (hour) SELECT unnest($1::bigint[])",
  ])("and not: %s", (sql) => {
    expect(refusalOf(sql)).toBeUndefined();
  });
});
