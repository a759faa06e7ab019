/** `init`, `migrate`, `verify`, `restored`, `forget`. */
import type { Command } from "commander";
import type { MeterDefinition } from "../domain/meter.ts";
import { openOutbox } from "../open.ts";
import { instantOf } from "./instant.ts";
import { AtRisk, print, printJson, table } from "./output.ts";
import { migratePostgres, migrationSql } from "../stores/postgres/schema/migrate.ts";
import { placeOf, poolOf, storeOf, withOutbox } from "./opening.ts";

interface RoleOptions {
  readonly applicationRole: readonly string[];
  readonly workerRole: readonly string[];
}

interface InitOptions extends RoleOptions {
  readonly name: string;
  readonly meter: readonly string[];
  readonly ruleSet?: "current" | "classic";
  readonly holdOpenSeconds?: string;
  readonly startAt?: string;
}

interface MigrateOptions extends RoleOptions {
  readonly print?: true;
  readonly from: string;
}

export function addStore(program: Command): void {
  withRoles(program.command("init"))
    .description("make a store, or add meters to one")
    .requiredOption("--name <name>", "the store's own name, such as acme-production")
    .option("--meter <definition>", "NAME=PRODUCT_CODE/DIMENSION[/PER], repeatable", collected, [])
    .option(
      "--rule-set <name>",
      "whose windows hold: current, which is AWS's and the default, or classic, as `npm start` has it",
    )
    .option(
      "--hold-open-seconds <seconds>",
      "how long an hour waits for readings that come late, from 300 on (6 hours; classic: 1 hour)",
    )
    .option("--start-at <hour>", "the first hour that may be sent, such as 2026-12-01T00:00:00Z")
    .action(async (options: InitOptions, command: Command) => {
      const meters = Object.fromEntries(options.meter.map(meterOfText));
      const { name, ruleSet, startAt } = options;
      const start = startAt === undefined ? undefined : instantOf(startAt);
      // Whatever is no number is told by its range, which belongs to the rule set.
      const holdOpenSeconds = options.holdOpenSeconds === undefined ? undefined : Number(options.holdOpenSeconds);
      const place = placeOf(command);
      if ("url" in place) await migratePostgres(await poolOf(place.url), { schema: place.schema, ...rolesOf(options) });
      const store = await storeOf(command);
      const outbox = await openOutbox({ name, store, meters, ruleSet, holdOpenSeconds, startAt: start });
      await outbox.close();
      print(`The store ${name} is ready.`);
    });
  withRoles(program.command("migrate"))
    .description("bring a store's tables to this version; in PostgreSQL as the owner of its schema")
    .option("--print", "print the SQL instead, for a tool of your own")
    .option("--from <version>", "with --print: the version that is there already", "0")
    .action((options: MigrateOptions, command: Command) => migrate(options, command));
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
    .description(
      "take a tenant's name out of the store, and its readings' tags; totals stay, and entries with their tags until keepDays are over",
    )
    .action((tenant: string, _options: object, command: Command) =>
      withOutbox(command, async (outbox) => print(`${await outbox.forget(tenant)} readings are nobody's now.`)),
    );
}

function withRoles(command: Command): Command {
  return command
    .option("--application-role <role>", "PostgreSQL: a role that records, repeatable", collected, [])
    .option("--worker-role <role>", "PostgreSQL: a role that records, closes and delivers, repeatable", collected, []);
}

function rolesOf({ applicationRole, workerRole }: RoleOptions) {
  return { applications: applicationRole, workers: workerRole };
}

async function migrate(options: MigrateOptions, command: Command): Promise<void> {
  const { store, schema } = command.optsWithGlobals<{ store?: string; schema: string }>();
  if (options.print === true) {
    if (store?.startsWith("sqlite:") === true)
      throw new TypeError("--print is for PostgreSQL: a file migrates itself.");
    if (!/^\d+$/.test(options.from))
      throw new TypeError(`--from is ${JSON.stringify(options.from)}; expected a version.`);
    return print(migrationSql({ schema, ...rolesOf(options) }, Number(options.from)));
  }
  const place = placeOf(command);
  if ("url" in place) await migratePostgres(await poolOf(place.url), { schema: place.schema, ...rolesOf(options) });
  await withOutbox(command, async () => print("The store is of this version."));
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
