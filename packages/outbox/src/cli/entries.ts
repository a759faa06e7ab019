/** `entries`, `doubtful`, `dissolve`, `bind`. */
import type { Command } from "commander";
import type { Resolution } from "../lifecycle/resolve.ts";
import type { Entry } from "../store/rows.ts";
import type { EntryState } from "../domain/entry-state.ts";
import { instantOf } from "./instant.ts";
import { print, printJson, table, timeText } from "./output.ts";
import { storeOf, withOutbox } from "./opening.ts";

const STATES: readonly EntryState[] = [
  "gathering",
  "empty",
  "frozen",
  "held",
  "delivered",
  "refused",
  "expired",
  "doubtful",
  "dissolved",
];

export function addEntries(program: Command): void {
  program
    .command("entries")
    .description("entries, by deadline")
    .option("--state <state>", STATES.join(", "))
    .option("--limit <count>", "at most so many", "100")
    .option("--json", "as JSON")
    .action((options: { readonly state?: string; readonly limit: string; readonly json?: true }, command: Command) =>
      list(command, stateOf(options.state), Number(options.limit), options.json),
    );
  const doubtful = program.command("doubtful").description("entries that may have been kept");
  doubtful
    .command("list")
    .option("--json", "as JSON")
    .action((options: { readonly json?: true }, command: Command) => list(command, ["doubtful"], 1_000, options.json));
  doubtful
    .command("resolve")
    .argument("<entry>")
    .argument("<resolution>", "delivered, or not-kept")
    .requiredOption("--reason <text>", "what shows it")
    .action((entryId: string, resolution: string, { reason }: { readonly reason: string }, command: Command) =>
      withOutbox(command, async (outbox) => {
        if (resolution !== "delivered" && resolution !== "not-kept") {
          throw new TypeError(`The resolution is ${JSON.stringify(resolution)}; expected delivered or not-kept.`);
        }
        const { state } = await outbox.resolve(entryId, resolution satisfies Resolution, reason);
        print(`Entry ${entryId} is ${state}.`);
      }),
    );
  program
    .command("dissolve")
    .argument("<entry>")
    .requiredOption("--reason <text>", "why")
    .description("take an entry apart that surely was not kept: its readings follow the bindings of now")
    .action((entryId: string, { reason }: { readonly reason: string }, command: Command) =>
      withOutbox(command, async (outbox) => {
        await outbox.dissolve(entryId, reason);
        print(`Entry ${entryId} is dissolved; its readings wait again.`);
      }),
    );
  program
    .command("bind")
    .argument("<tenant>", "the program's own name for who uses it")
    .description("say whose usage a tenant's is")
    .requiredOption("--product <code>", "its product code")
    .option("--account <id>", "the customer's AWS account")
    .option("--customer <identifier>", "the customer's identifier, of older products")
    .option("--license <arn>", "the licence; for products that can be bought more than once")
    .option("--agreement <id>", "by which events without a licence end it")
    .requiredOption("--from <time>", "since when, such as 2026-11-29T10Z")
    .option("--until <time>", "until when; left out, for good")
    .action((tenant: string, options: BindOptions, command: Command) =>
      withOutbox(command, async (outbox) => {
        const { product, account, customer, license, agreement, from, until } = options;
        const touched = await outbox.bind({
          tenant,
          productCode: product,
          customerAccountId: account,
          customerIdentifier: customer,
          licenseArn: license,
          agreementId: agreement,
          from: instantOf(from),
          until: until === undefined ? undefined : instantOf(until),
        });
        print(`Bound. ${touched.length} entries were made before, and stay as they are.`);
        if (touched.length > 0) print(entryTable(touched));
      }),
    );
}

interface BindOptions {
  readonly product: string;
  readonly account?: string;
  readonly customer?: string;
  readonly license?: string;
  readonly agreement?: string;
  readonly from: string;
  readonly until?: string;
}

function stateOf(text: string | undefined): readonly EntryState[] | undefined {
  if (text === undefined) return undefined;
  const state = STATES.find((one) => one === text);
  if (state === undefined)
    throw new TypeError(`There is no state ${JSON.stringify(text)}; there are ${STATES.join(", ")}.`);
  return [state];
}

async function list(
  command: Command,
  states: readonly EntryState[] | undefined,
  limit: number,
  json: true | undefined,
): Promise<void> {
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError("--limit is a whole number from 1 on.");
  const store = await storeOf(command);
  await store.open(undefined, Date.now());
  try {
    const entries = await store.entries(states === undefined ? { limit } : { states, limit });
    if (json === true) printJson(entries);
    else print(entryTable(entries));
  } finally {
    await store.close();
  }
}

function entryTable(entries: readonly Entry[]): string {
  return table(
    ["ENTRY", "STATE", "UNITS", "DIMENSION", "CUSTOMER", "HOUR", "DEADLINE", "WHY"],
    entries.map((entry) => [
      entry.entryId,
      entry.state,
      String(entry.units),
      entry.dimension,
      entry.identity,
      timeText(entry.hourMs).slice(0, 13),
      timeText(entry.deadlineMs),
      entry.why ?? "",
    ]),
  );
}
