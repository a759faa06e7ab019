/** `status`, `explain`. */
import type { Command } from "commander";
import type { OutboxStatus } from "../report/status.ts";
import { instantOf } from "./instant.ts";
import { AtRisk, print, printJson, table, timeText } from "./output.ts";
import { withOutbox } from "./opening.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("what waits, what is at risk, and what somebody should look at; exit 1 unless all is well")
    .option("--json", "as JSON")
    .option("--metrics", "in Prometheus' text format")
    .action((options: { readonly json?: true; readonly metrics?: true }, command: Command) =>
      withOutbox(command, async (outbox) => {
        if (options.metrics === true) {
          process.stdout.write(await outbox.metrics());
          return;
        }
        const status = await outbox.status();
        if (options.json === true) printJson(status);
        else print(statusText(status));
        if (status.health !== "ok") throw new AtRisk();
      }),
    );
  program
    .command("explain")
    .argument("<tenant>")
    .argument("<meter>")
    .argument("<hour>", "such as 2026-11-29T10Z, or any time in it")
    .description("what became of a tenant's hour: readings, entries, attempts (JSON)")
    .action((tenant: string, meter: string, text: string, _options: object, command: Command) =>
      withOutbox(command, async (outbox) => printJson(await outbox.explain({ tenant, meter, hour: instantOf(text) }))),
    );
}

function statusText(status: OutboxStatus): string {
  const { name, health, endpoint = "nowhere yet", region = "no region yet", heldBack, oldestWaitingHourMs } = status;
  const oldest = oldestWaitingHourMs === undefined ? "" : `, the oldest of ${timeText(oldestWaitingHourMs)}`;
  const lines = [
    `${name}: ${health === "ok" ? "all is well" : "at risk"} (${endpoint}, ${region})`,
    `waiting: ${status.waitingReadings} readings${oldest}`,
    ...status.entries.map(({ state, count, units }) => `${state}: ${count} entries, ${units} units`),
    ...status.setAside.map(({ reason, count }) => `set aside (${reason}): ${count}`),
    ...status.endedReadings.map(({ end, count }) => `not billed (${end}): ${count} readings`),
    `last run ${timeText(status.lastRunMs)}, last answer ${timeText(status.lastAnswerMs)}, last closing ${timeText(status.lastFreezeMs)}`,
  ];
  if (heldBack !== undefined) lines.push(`Nothing is closed: ${heldBack}.`);
  if (status.alarms.length > 0) {
    const rows = status.alarms.map(({ kind, count, lastMs, message }) => [
      kind,
      String(count),
      timeText(lastMs),
      message,
    ]);
    lines.push("", table(["ALARM", "TIMES", "LAST", "WHAT"], rows));
    const all = status.alarmCounts.reduce((sum, { count }) => sum + count, 0);
    const more = all > rows.length ? `There are ${all - rows.length} more. ` : "";
    lines.push("", `${more}\`alarms acknowledge\` takes away what somebody has looked at.`);
  }
  return lines.join("\n");
}
