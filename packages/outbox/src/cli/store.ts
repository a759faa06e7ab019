/** `init`, `migrate`, `verify`, `restored`, `forget`. */
import type { Command } from "commander";
import type { MeterDefinition } from "../domain/meter.ts";
import { openOutbox } from "../open.ts";
import { AtRisk, print, printJson, table } from "./output.ts";
import { storeOf, withOutbox } from "./opening.ts";

interface InitOptions {
  readonly name: string;
  readonly meter: readonly string[];
  readonly ruleSet?: "current" | "classic";
  readonly startAt?: string;
}

export function addStore(program: Command): void {
  program
    .command("init")
    .description("make a store, or add meters to one")
    .requiredOption("--name <name>", "the store's own name, such as acme-production")
    .option("--meter <definition>", "NAME=PRODUCT_CODE/DIMENSION[/PER], repeatable", collected, [])
    .option("--rule-set <name>", "current or classic")
    .option("--start-at <hour>", "the first hour that may be sent, such as 2026-12-01T00:00:00Z")
    .action(async (options: InitOptions, command: Command) => {
      const meters = Object.fromEntries(options.meter.map(meterOfText));
      const { name, ruleSet, startAt } = options;
      const start = startAt === undefined ? undefined : instantOf(startAt);
      const outbox = await openOutbox({ name, store: await storeOf(command), meters, ruleSet, startAt: start });
      await outbox.close();
      print(`The store ${name} is ready.`);
    });
  program
    .command("migrate")
    .description("bring a store's tables to this version")
    .action((_options: object, command: Command) =>
      withOutbox(command, async () => print("The store is of this version.")),
    );
  program
    .command("verify")
    .description("hold the store against itself; exit 1 where something does not add up")
    .option("--json", "as JSON")
    .action((options: { readonly json?: true }, command: Command) =>
      withOutbox(command, async (outbox) => {
        const found = await outbox.verify();
        if (options.json === true) printJson(found);
        else {
          const rows = found.totals.map(({ meter, month, fate, readings, sum }) => [
            meter,
            month,
            fate,
            String(readings),
            sum,
          ]);
          print(table(["METER", "MONTH", "WHERE", "READINGS", "SUM"], rows));
          for (const problem of found.problems) print(problem);
          print(`${found.entries} entries, ${found.problems.length} problems.`);
        }
        if (!found.ok) throw new AtRisk();
      }),
    );
  program
    .command("restored")
    .description(
      "say that the store is a restored backup, or that the database failed over: closing goes on, with care",
    )
    .action((_options: object, command: Command) =>
      withOutbox(command, async (outbox) => {
        await outbox.restored();
        print("Noted. What was sent since the backup is unknown: entries of hours up to now count as maybe sent.");
      }),
    );
  program
    .command("forget")
    .argument("<tenant>")
    .description("take a tenant's name and tags out of the store; totals stay")
    .action((tenant: string, _options: object, command: Command) =>
      withOutbox(command, async (outbox) => print(`${await outbox.forget(tenant)} readings are nobody's now.`)),
    );
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function meterOfText(text: string): [string, MeterDefinition] {
  const match = /^([^=]+)=([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(text);
  if (match === null)
    throw new TypeError(`The meter ${JSON.stringify(text)} is none; expected NAME=PRODUCT_CODE/DIMENSION[/PER].`);
  const [, name = "", productCode = "", dimension = "", per] = match;
  return [name, per === undefined ? { productCode, dimension } : { productCode, dimension, per }];
}

function instantOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || !/(Z|[+-]\d\d:\d\d)$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} is no time with a zone.`);
  return date;
}
