/** Whatever somebody changes in one row of what was sent, `verify` finds (O3, O5). */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { describe, expect, test } from "vitest";
import { folderOfTest } from "../../support/outbox.ts";
import { scene } from "./scene.ts";

describe("one row that somebody changes", () => {
  test.each([
    ["an entry is gone", "DELETE FROM entry", /1 readings of seats .* in entries that are not there/],
    ["attempts are gone", "DELETE FROM attempt", /no attempt of it says so/],
    ["a body is gone", "UPDATE entry SET body = NULL", /it has no body/],
    ["a body's hash is another", "UPDATE entry SET body_hash = 'x'", /its body is not the one/],
    ["delivered is to be sent", "UPDATE entry SET state = 'frozen'", /says a time at which it ended/],
    ["delivered is refused", "UPDATE entry SET state = 'refused'", /no attempt of it says so/],
    ["delivered is in doubt", "UPDATE entry SET state = 'doubtful'", /says a time at which it ended/],
    ["delivered is empty", "UPDATE entry SET state = 'empty'", /it has 3 units/],
    ["an end has no time", "UPDATE entry SET ended_ms = NULL", /says no time at which it ended/],
    [
      "another customer's",
      "UPDATE entry SET identity = replace(identity, '1111', '3333')",
      /its body says something else/,
    ],
    ["another hour's", "UPDATE entry SET hour_ms = hour_ms - 3600000", /its body says something else/],
    ["another time's", "UPDATE entry SET latest_at_ms = latest_at_ms - 60000", /its body says something else/],
    ["other units", "UPDATE entry SET units = 4", /make 3 units, and it says 4/],
    ["another sum", "UPDATE entry SET sum = '4'", /its readings come to 3, and it says 4/],
    ["another balance", "UPDATE entry SET carried_in = '1'", /make 4 units/],
    ["a reading is gone", "DELETE FROM reading", /it has 0 readings, and says 1/],
    ["a reading is free", "UPDATE reading SET entry_id = NULL", /it has 0 readings, and says 1/],
    ["a reading is larger", "UPDATE reading SET quantity = '4'", /its readings come to 4/],
    ["a part is gone", "DELETE FROM part", /its parts come to 0/],
  ])("verify finds it where %s", async (_what, sql, problem) => {
    const path = join(folderOfTest(), "usage.outbox");
    const { outbox, use, pass } = await scene({ store: sqliteStore(path) });
    await use("3");
    pass(60);
    await outbox.deliverDue();
    expect(await outbox.verify()).toMatchObject({ ok: true, entries: 1 });
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    const { ok, problems } = await outbox.verify();
    expect(ok).toBe(false);
    expect(problems.join("\n")).toMatch(problem);
  });
});
