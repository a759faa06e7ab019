/** `alarms list`, `alarms acknowledge`. */
import type { Command } from "commander";
import type { Alarm } from "../store/rows.ts";
import type { OutboxStore } from "../store/store.ts";
import { storeOf } from "./opening.ts";
import { print, printJson, table, timeText } from "./output.ts";

export function addAlarms(program: Command): void {
  const alarms = program.command("alarms").description("what somebody should look at");
  alarms
    .command("list")
    .description("alarms, those that began first come first")
    .option("--limit <count>", "at most so many", "100")
    .option("--json", "as JSON")
    .action((options: { readonly limit: string; readonly json?: true }, command: Command) =>
      withStore(command, async (store) => {
        const limit = Number(options.limit);
        if (!Number.isInteger(limit) || limit < 1) throw new TypeError("--limit is a whole number from 1 on.");
        const found = await store.alarms({ limit });
        if (options.json === true) printJson(found);
        else print(alarmTable(found));
      }),
    );
  alarms
    .command("acknowledge")
    .argument("[alarms...]", "their ids, as `alarms list` shows them")
    .option("--all", "all that there are now")
    .description("take alarms away that somebody has looked at; one that happens again comes again")
    .action((ids: readonly string[], { all }: { readonly all?: true }, command: Command) =>
      withStore(command, async (store) => {
        if ((ids.length === 0) !== (all === true))
          throw new TypeError("Which alarms? Say their ids, or --all, and not both.");
        const known = await store.alarms({});
        const unknown = ids.filter((id) => !known.some(({ alarmId }) => alarmId === id));
        if (unknown.length > 0) throw new TypeError(`There is no alarm ${unknown.join(", ")}.`);
        const seen = known.filter(({ alarmId }) => all === true || ids.includes(alarmId));
        const gone = await store.transact((transaction) => transaction.acknowledgeAlarms(seen));
        print(`${gone} alarms are acknowledged.`);
      }),
    );
}

async function withStore(command: Command, work: (store: OutboxStore) => Promise<void>): Promise<void> {
  const store = await storeOf(command);
  await store.open(undefined, Date.now());
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

function alarmTable(alarms: readonly Alarm[]): string {
  const rows = alarms.map(({ alarmId, kind, count, lastMs, message }) => [
    alarmId,
    kind,
    String(count),
    timeText(lastMs),
    message,
  ]);
  return table(["ID", "ALARM", "TIMES", "LAST", "WHAT"], rows);
}
