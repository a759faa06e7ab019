/** `countinghouse store settings`: the settings that all servers of a ledger in PostgreSQL share. */
import { Option, type Command } from "commander";
import type { SharedSettings } from "../../domain/shared-settings.ts";
import { clockModeOf, quotasNameOf, rulesOf } from "../../config.ts";
import { realWorld } from "../../world.ts";
import { CommandError, EXIT } from "../connection.ts";
import { describe, print } from "../output.ts";
import { postgresAddress } from "./postgres-address.ts";

interface SettingsFlags {
  readonly store: string;
  readonly rules?: string;
  readonly clock?: string;
  readonly quotas?: string;
  readonly json?: boolean;
}

const HELP = `
The first server that starts on a ledger sets them; one that is told otherwise is refused. Without a flag it prints what
they are. To change them, stop all servers first; the change is in the audit trail.`;

export function addSettings(group: Command): void {
  group
    .command("settings")
    .description("Show or change what all servers of a ledger in PostgreSQL are to be started with")
    .addOption(
      new Option("--store <store>", "the ledger: postgres://… (better in the environment: it holds the password)")
        .env("COUNTINGHOUSE_STORE")
        .makeOptionMandatory(),
    )
    .option("--rules <set>", "rule set: classic or current")
    .option("--clock <mode>", "system, manual or offset")
    .option("--quotas <quotas>", "off or aws")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (flags: SettingsFlags) => {
      const url = postgresAddress("--store", flags.store);
      const { changeSharedSettings } = await import("../../change-settings.ts");
      const { before, after } = await changeSharedSettings(url, changeOf(flags), realWorld);
      if (before === undefined || after === undefined) {
        throw new CommandError(
          "The ledger has no settings yet: the first server that starts on it sets them.",
          EXIT.refused,
        );
      }
      print(flags, after, describe(after));
    });
}

function changeOf({ rules, clock, quotas }: SettingsFlags): Partial<SharedSettings> {
  return {
    ...(rules === undefined ? {} : { rules: rulesOf(rules) }),
    ...(clock === undefined ? {} : { clock: clockModeOf(clock) }),
    ...(quotas === undefined ? {} : { quotas: quotasNameOf(quotas) }),
  };
}
