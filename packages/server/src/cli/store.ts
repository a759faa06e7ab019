/**
 * `countinghouse store`: care of a ledger's store. Works on the embedded ledger's file, with or without a running server, or on
 * the database (`store/`); only these commands load the code for that.
 */
import { iso } from "@countinghouse/protocol";
import { Option, type Command } from "commander";
import { realWorld } from "../world.ts";
import type { Backup } from "../stores/sqlite/backup.ts";
import type { Maintenance } from "../stores/sqlite/maintenance/maintain-beside.ts";
import { CommandError, EXIT } from "./connection.ts";
import { longWork } from "./long-work.ts";
import { describe, print } from "./output.ts";
import { addCopy } from "./store/copy.ts";
import { addMigrate } from "./store/migrate.ts";
import { addSettings } from "./store/settings.ts";
import { postgresAddress } from "./store/postgres-address.ts";

interface StoreFlags {
  readonly store: string;
  readonly json?: boolean;
}

const NOTHING_SAID = "Nothing is said of the ledger.";
const KEY_APART =
  "The secrets key is not in a backup: keep a copy of secrets.key apart from it, it is needed to restore.";

export function addStore(program: Command): void {
  const group = program
    .command("store")
    .description("Back up, restore, verify, move, migrate and set up a ledger, without the operator API");
  withStore(group.command("backup <to-file>").description("Write a backup to a new file; a server may be running"))
    .addHelpText("after", `\n${KEY_APART}`)
    .action(async (toFile: string, flags: StoreFlags) => {
      const folder = folderOf(flags);
      const backup = await beside(flags, "No backup was written.", "backup", { folder, toFile });
      printBackup(flags, backup, KEY_APART);
    });
  withStore(
    group
      .command("restore <from-file>")
      .description("Put a backup into a folder without a ledger and without a server"),
  )
    .addHelpText("after", "\nThe secrets.key of the server that was backed up must be put into the folder as well.")
    .action(async (fromFile: string, flags: StoreFlags) => {
      const folder = folderOf(flags);
      const note = `Before a server starts on it: put the secrets.key of the server that was backed up into ${folder}.`;
      const restored = await beside(flags, "Nothing was restored.", "restore", { fromFile, folder });
      printBackup(flags, restored, note);
    });
  withStore(
    group
      .command("verify")
      .description(
        "Check that the file is sound, the chain of entries whole, and that entries and metering records agree; a server may be running",
      ),
  ).action(async (flags: StoreFlags) => {
    const { disagreement, heads, notes = [], ...counts } = await verified(flags);
    const agrees = disagreement === undefined;
    if (agrees || flags.json === true) {
      const said = notes.map((note) => `\nNote: ${note}`).join("");
      print(
        flags,
        { agrees, ...counts, ...heads, ...(notes.length === 0 ? {} : { notes }), disagreement },
        `${describe(counts)}\n\nThe ledger agrees with itself.${said}`,
      );
    }
    if (!agrees) throw new CommandError(`The ledger contradicts itself. ${disagreement}`, EXIT.refused);
  });
  addCopy(group);
  addMigrate(group);
  addSettings(group);
}

function withStore(command: Command): Command {
  return command
    .addOption(
      new Option("--store <store>", "the ledger: sqlite:FOLDER; to verify, postgres://… too")
        .env("COUNTINGHOUSE_STORE")
        .default("sqlite:./countinghouse-data"),
    )
    .option("--json", "print JSON");
}

/** `heads`: the head of each chain. */
async function verified(flags: StoreFlags) {
  if (flags.store.startsWith("postgres")) {
    const { verifyAt } = await import("../stores/postgres/verify-ledger.ts");
    const url = postgresAddress("--store", flags.store);
    const { monotonicMs, sleep } = realWorld;
    const found = await longWork(
      flags,
      () => NOTHING_SAID,
      ({ onProgress, signal }) => verifyAt(url, { monotonicMs, sleep, onProgress, signal }),
    );
    const { entries, meteringRecords, notes, disagreement, heads } = found;
    return { entries, meteringRecords, notes, disagreement, heads: { heads } };
  }
  const order = { folder: folderOf(flags), withSums: true };
  const { entries, meteringRecords, notes, head, disagreement } = await beside(flags, NOTHING_SAID, "verify", order);
  return { entries, meteringRecords, notes, disagreement, heads: { head } };
}

/** `left`: what an interruption leaves. */
async function beside<What extends keyof Maintenance>(
  flags: StoreFlags,
  left: string,
  what: What,
  order: Maintenance[What]["order"],
): Promise<Maintenance[What]["result"]> {
  const { maintainBeside } = await import("../stores/sqlite/maintenance/maintain-beside.ts");
  return longWork(
    flags,
    () => left,
    (work) => maintainBeside(what, order, work),
  );
}

function folderOf({ store }: StoreFlags): string {
  const [, folder] = /^sqlite:(.+)$/.exec(store) ?? [];
  if (folder !== undefined) return folder;
  // The address may hold a password.
  const shown = store.startsWith("postgres") ? "an address of PostgreSQL, which has tools of its own for that" : store;
  throw new CommandError(`--store must be sqlite:FOLDER; got ${shown}.`, EXIT.usage);
}

function printBackup(flags: StoreFlags, { newestAtMs, ...backup }: Backup, note: string): void {
  const newestEntryAt = iso(newestAtMs);
  const result = { ...backup, newestEntryAt };
  print(flags, result, `${describe(result)}\n\n${note}`);
}
