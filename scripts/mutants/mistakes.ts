/**
 * Mistakes that programs which meter make, and some that this one has made: each as a change to the outbox, which a test must notice.
 * Paths lie below `packages/outbox/src`.
 */
interface Mistake {
  readonly name: string;
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

export const MISTAKES: readonly Mistake[] = [
  {
    name: "records are stamped with the time of sending",
    file: "domain/freezing.ts",
    right: "wholeSecond(latestAtMs)",
    wrong: "wholeSecond(facts.closesMs)",
  },
  {
    name: "hours are stamped with their start",
    file: "domain/freezing.ts",
    right: "wholeSecond(latestAtMs)",
    wrong: "Math.floor(latestAtMs / 3_600_000) * 3_600_000",
  },
  {
    name: "the status of a result is ignored",
    file: "deliver/evidence.ts",
    right: 'return { ...NONE, end: "refused", errorName: "CustomerNotSubscribed" };',
    wrong: 'return { ...NONE, end: "accepted", errorName: "CustomerNotSubscribed" };',
  },
  {
    name: "a duplicate is fine",
    file: "deliver/evidence.ts",
    right: 'end: "duplicate", errorName: "DuplicateRecord"',
    wrong: 'end: "accepted", errorName: "DuplicateRecord"',
  },
  {
    name: "a retry is not the same record",
    file: "deliver/lines.ts",
    right: "new Date(timestampMs)",
    wrong: "new Date(timestampMs + (entry.nextTryMs === 0 ? 0 : 1000))",
  },
  {
    name: "unprocessed records are forgotten",
    file: "deliver/evidence.ts",
    right: "for (const line of [...again, ...parts.flat()])",
    wrong: "for (const line of parts.flat())",
  },
  {
    name: "sums are floats",
    file: "stores/sqlite/reading-moves.ts",
    right: "sum: part.sum + exactOf(String(quantity))",
    wrong: "sum: part.sum + BigInt(Math.round(Number(quantity) * 1e18))",
  },
  {
    name: "zeros are sent",
    file: "domain/freezing.ts",
    right: "if (units === 0n) return",
    wrong: "if (units < 0n) return",
  },
  {
    name: "hours are closed before their time",
    file: "domain/deadline.ts",
    right: "const closesMs = endMs + rules.holdOpenSeconds * 1000;",
    wrong: "const closesMs = hourMs + rules.holdOpenSeconds * 1000 - 3_600_000;",
  },
  {
    name: "usage that may have been kept is carried on",
    file: "lifecycle/gather.ts",
    right: "return attempts.length === 0 && !entry.bornDoubtful &&",
    wrong: "return attempts.length >= 0 && !entry.bornDoubtful &&",
  },
  {
    name: "a correction of an entry that is held is a credit beside it",
    file: "lifecycle/gather.ts",
    right: 'if (entry.state === "held") return !mayBeKept(entry, attempts);',
    wrong: 'if (entry.state === "held") return attempts.length === 0;',
  },
  {
    name: "an attempt without an end counts as not sent",
    file: "domain/entry-state.ts",
    right: 'end === undefined || end === "unknown"',
    wrong: 'end === "unknown"',
  },
  {
    name: "a lost answer counts as not sent",
    file: "domain/entry-state.ts",
    right: 'end === undefined || end === "unknown"',
    wrong: "end === undefined",
  },
  {
    name: "the answer of a sender without its lease is dropped",
    file: "deliver/calls.ts",
    right: "    await transaction.endAttempts(ends);",
    wrong:
      "    await transaction.endAttempts(ends.filter(() => entries.every(({ leasedUntilMs = 0 }) => leasedUntilMs > endedMs)));",
  },
  {
    name: "attempts are written after the call",
    file: "deliver/calls.ts",
    right: "    await transaction.addAttempts([...attempts.values()]);",
    wrong: "",
  },
  {
    name: "a duplicate after a lost answer is refused",
    file: "domain/entry-state.ts",
    right:
      'return doubt ? waiting("doubtful", "DuplicateRecord", undefined, true) : ended("refused", "DuplicateRecord");',
    wrong: 'return ended("refused", "DuplicateRecord");',
  },
  {
    name: "what is summed is not what was marked",
    file: "stores/sqlite/reading-moves.ts",
    right: "readings: rows.length, latestAtMs",
    wrong: "readings: rows.length + 1, latestAtMs",
  },
  {
    name: "credits are not given back",
    file: "lifecycle/settle.ts",
    right: '    case "expired":\n      return sumOf(carriedIn);',
    wrong: '    case "expired":\n      return 0n;',
  },
  {
    name: "late credits are lost",
    file: "lifecycle/end-readings.ts",
    right: 'if (credited !== "0")',
    wrong: 'if (credited === "0")',
  },
  {
    name: "usage is late by the clock",
    file: "lifecycle/freeze-due.ts",
    right: "if (isOver && !(await this.#isOpen(key))) await endLate",
    wrong: "if (serviceMs >= closesMs + 60_000) await endLate",
  },
  {
    name: "what comes beyond the window is late, though its entry goes out",
    file: "lifecycle/freeze-due.ts",
    right: "if (isOver && !(await this.#isOpen(key))) await endLate",
    wrong: "if (isOver) await endLate",
  },
  {
    name: "a reading of a wrong time is billed when that time comes",
    file: "lifecycle/release-ahead.ts",
    right: "return atMs <= serviceMs && atMs <= recordedMs + (serviceMs - machineMs) + DAY_MS;",
    wrong: "return atMs <= serviceMs;",
  },
  {
    name: "usage expires by this machine's clock",
    file: "domain/entry-state.ts",
    right: "Math.min(serviceMs, machineMs) >= windowEndMs + LATE_MS",
    wrong: "machineMs >= windowEndMs + LATE_MS",
  },
  {
    name: "a binding's end is not looked at",
    file: "domain/binding.ts",
    right: "(untilMs === undefined || atMs < untilMs)",
    wrong: "(untilMs === undefined || atMs < untilMs + 1e15)",
  },
  {
    name: "one bad record holds its batch up for ever",
    file: "deliver/run.ts",
    right: "waiting.unshift(...(await this.#halvesOf(parts)));",
    wrong: "",
  },
  {
    name: "a store that metered elsewhere meters here",
    file: "deliver/run.ts",
    right: "if (row.region === undefined || (row.region === region && row.endpoint === endpoint)) return;",
    wrong: "return;",
  },
  {
    name: "a reading that comes again counts again",
    file: "stores/sqlite/recording.ts",
    right: 'if (isSameReading(kept, judged)) return { readingId, answer: "known" };',
    wrong: 'if (isSameReading(kept, judged)) return { readingId, answer: "recorded" };',
  },
  {
    name: "a restored backup is trusted",
    file: "lifecycle/gather.ts",
    right: "doubtBeforeMs !== undefined && hourMs < doubtBeforeMs",
    wrong: "false",
  },
  {
    name: "what a duplicate stood in the way of is carried on",
    file: "lifecycle/resolve.ts",
    right: ' || attempts.some(({ end }) => end === "duplicate")',
    wrong: "",
  },
  {
    name: "what is overdue is put off at each look",
    file: "deliver/run.ts",
    right: 'settle(transaction, idle, times, "time")',
    wrong: "settle(transaction, idle, times)",
  },
  {
    name: "an agreement that was renewed ends its customer",
    file: "market/messages.ts",
    right: 'new Set(["License Deprovisioned", ',
    wrong: 'new Set(["Purchase Agreement Ended", "License Deprovisioned", ',
  },
  {
    name: "an entry that was taken apart is delivered, too",
    file: "domain/entry-state.ts",
    right: '  if (entry.state === "dissolved") return ended("dissolved", undefined);\n',
    wrong: "",
  },
  {
    name: "a lease of a clock that went ahead holds for hours",
    file: "domain/lease.ts",
    right: " && leasedUntilMs <= machineMs + LEASE_MS",
    wrong: "",
  },
  {
    name: "what an old entry has left of its balance goes with it",
    file: "stores/sqlite/reading-moves.ts",
    right: "  if (left === 0n) return;",
    wrong: "  if (left !== undefined) return;",
  },
  {
    name: "in PostgreSQL, what was summed is not what was marked",
    file: "stores/postgres/reading-moves.ts",
    right: "SELECT $1, tags, sum(quantity), count(*) FROM changed GROUP BY tags",
    wrong: "SELECT $1, tags, sum(quantity) + 1, count(*) FROM changed GROUP BY tags",
  },
  {
    name: "in PostgreSQL, a reading that comes again counts again",
    file: "stores/postgres/schema/recording.ts",
    right: "answer := 'known';",
    wrong: "answer := 'recorded';",
  },
  {
    name: "the pace is each sender's own",
    file: "stores/sqlite/sqlite-store.ts",
    right: 'connection.run("UPDATE pace SET next_ms = ?", first + (slots * 1000) / perSecond);',
    wrong: "",
  },
  {
    name: "an hour is closed when one of its tenants has left",
    file: "lifecycle/freeze-due.ts",
    right: "return endingOf(hourMs, await this.#bindingsOf({ identity }), serviceMs);",
    wrong: "return endingOf(hourMs, [arguments[0]], serviceMs);",
  },
  {
    name: "a flush closes the hours of a customer who goes on",
    file: "lifecycle/freeze-due.ts",
    right: "if (ending !== undefined && this.#options.flush",
    wrong: "if (this.#options.flush",
  },
  {
    name: "who comes back within the hour has the hours before closed early",
    file: "domain/binding.ts",
    right: "goesOnBeforeMs = Math.max(goesOnBeforeMs, Math.floor(untilMs / HOUR_MS) * HOUR_MS + HOUR_MS);",
    wrong: "",
  },
  {
    name: "the first of several ends closes the hour",
    file: "domain/binding.ts",
    right: "(one ?? other) : Math.max(one, other)",
    wrong: "(one ?? other) : Math.min(one, other)",
  },
  {
    name: "an overflow has units that no column holds",
    file: "lifecycle/gather.ts",
    right: 'Number(state === "held" ? UNITS_MAX : units)',
    wrong: "Number(units)",
  },
  {
    name: "an overflow does not add up",
    file: "report/verify.ts",
    right: "if (expected > BigInt(QUANTITY_MAX)) {",
    wrong: "if (expected < 0n) {",
  },
  {
    name: "one key that cannot be worked on holds up all others",
    file: "lifecycle/one-key.ts",
    right: "if (!(error instanceof KeyTrouble)) throw error;",
    wrong: "throw error;",
  },
  {
    name: "trouble of the store is taken for one key's",
    file: "lifecycle/one-key.ts",
    right: "if (error instanceof OutboxError || error instanceof Nothing) throw error;",
    wrong: "if (error instanceof Nothing) throw error;",
  },
  {
    name: "what is sent after a fail-over is not doubted",
    file: "lifecycle/history.ts",
    right: "await doubt(transaction, serviceMsBy(row));",
    wrong: "",
  },
  {
    name: "a second fail-over is not seen",
    file: "lifecycle/history.ts",
    right: "if (row.heldBack === heldBack) return;",
    wrong: "if (row.heldBack !== undefined) return;",
  },
  {
    name: "delivery that fails in every run is silent",
    file: "deliver/run.ts",
    right: 'await raiseOnce(store, { kind: "service", subject: "delivery", message }, world.machineMs())',
    wrong: "await Promise.resolve()",
  },
  {
    name: "a run that works leaves the alarm of those that failed",
    file: "deliver/run.ts",
    right: 'await store.transact((transaction) => transaction.clearAlarms("service", "delivery"));',
    wrong: "await Promise.resolve();",
  },
  {
    name: "usage that waits for ever is well",
    file: "report/status.ts",
    right: "!waitsTooLong(summary, row.settings, serviceMs)",
    wrong: "true",
  },
  {
    name: "delivery that never began is never missed",
    file: "report/status.ts",
    right: "const knownMs = lastRunMs ?? createdMs;",
    wrong: "const knownMs = lastRunMs ?? machineMs;",
  },
  {
    name: "delivery is missed where nothing waits",
    file: "report/status.ts",
    right: "if (oldestMs === undefined) return undefined;",
    wrong: "",
  },
  {
    name: "whoever asks for alarms does not look whether delivery has stopped",
    file: "outbox.ts",
    right: "    await this.#lookForStall();\n    return this.#parts.store.alarms({",
    wrong: "    return this.#parts.store.alarms({",
  },
  {
    name: "a correction of an hour that was never billed is credited",
    file: "lifecycle/end-readings.ts",
    right: "entry !== undefined && (await mayBill(transaction, entry))",
    wrong: "true",
  },
  {
    name: "a correction of an hour that was refused is credited",
    file: "lifecycle/end-readings.ts",
    right: '    case "dissolved":\n      return false;',
    wrong: '    case "dissolved":\n      return true;',
  },
  {
    name: "a second ambiguity of a tenant is not told",
    file: "lifecycle/freeze-due.ts",
    right: "  await alarms.end();\n",
    wrong: "",
  },
  {
    name: "an alarm is ambiguous where no usage is",
    file: "lifecycle/freeze-due.ts",
    right: "if (!waits && readings.length < STEP_READINGS) return;",
    wrong: "",
  },
  {
    name: "what has happened again is acknowledged with what was seen",
    file: "stores/sqlite/transaction.ts",
    right: "WHERE alarm_id = ? AND count <= ?",
    wrong: "WHERE alarm_id = ? AND ? > 0",
  },
  {
    name: "alarms that nobody was told of go early",
    file: "stores/sqlite/alarms.ts",
    right: "(last_ms < ?2 AND told_count >= count)",
    wrong: "(last_ms < ?2)",
  },
  {
    name: "in PostgreSQL, alarms that nobody was told of go early",
    file: "stores/postgres/alarms.ts",
    right: "(last_ms < $1 AND told_count >= count)",
    wrong: "(last_ms < $1)",
  },
  {
    name: "what was set aside is kept for ever",
    file: "stores/sqlite/alarms.ts",
    right: "DELETE FROM set_aside WHERE recorded_ms < ?",
    wrong: "DELETE FROM set_aside WHERE recorded_ms < ? - 1e15",
  },
  {
    name: "an entry is taken apart whose window has closed",
    file: "lifecycle/resolve.ts",
    right: "if (serviceMs >= windowEndMs) {",
    wrong: "if (serviceMs < 0) {",
  },
];
