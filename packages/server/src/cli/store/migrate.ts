/** `countinghouse store migrate`: migrates or distributes the schema of a ledger in PostgreSQL. */
import { Option, type Command } from "commander";
import { realWorld } from "../../world.ts";
import { longWork } from "../long-work.ts";
import { describe, print } from "../output.ts";
import { postgresAddress } from "./postgres-address.ts";

interface MigrateFlags {
  readonly store: string;
  readonly citus?: boolean;
  readonly json?: boolean;
}

const HELP = `
A server does so itself when it starts; this is for whoever wants it done before, or by another role. Older servers go on
meanwhile, but for versions that they could not go on with, which are refused while one is connected. With --citus, and all servers
stopped, the tables are distributed as this version needs it; it may be run again.`;

const LEFT = "The step that was under way was undone, and steps before it are whole: migrate again.";

export function addMigrate(group: Command): void {
  group
    .command("migrate")
    .description("Bring the schema of a ledger in PostgreSQL up to date, or make it")
    .addOption(
      new Option("--store <store>", "the ledger: postgres://… (better in the environment: it holds the password)")
        .env("COUNTINGHOUSE_STORE")
        .makeOptionMandatory(),
    )
    .option(
      "--citus",
      "distribute entries and records by product; needs the extension citus and its workers, and the coordinator's address",
    )
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (flags: MigrateFlags) => {
      const url = postgresAddress("--store", flags.store);
      const { migrateLedger } = await import("../../stores/postgres/migrate-ledger.ts");
      const { monotonicMs, sleep } = realWorld;
      const migrated = await longWork(
        flags,
        () => LEFT,
        ({ onProgress, signal }) =>
          migrateLedger(url, flags.citus === true, { monotonicMs, sleep, onProgress, signal }),
      );
      const { fromVersion, toVersion } = migrated;
      const steps = toVersion - fromVersion;
      const said = steps === 0 ? "The schema was up to date." : `${steps} migrations were applied.`;
      print(flags, migrated, `${describe(migrated)}\n\n${said}`);
    });
}
