/** `countinghouse store copy`: copies an embedded ledger into PostgreSQL. */
import { Option, type Command } from "commander";
import { realWorld } from "../../world.ts";
import { CommandError, EXIT } from "../connection.ts";
import { longWork } from "../long-work.ts";
import { describe, print } from "../output.ts";
import { postgresAddress } from "./postgres-address.ts";

interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly again?: boolean;
  readonly json?: boolean;
}

const HELP = `
The server of the folder must be stopped; the folder stays as it is. The target must be empty: no server may have been
started on it. Entries, ids, chain, catalogue and clock are copied as they are, and read again on the target. Until that has
been done no server serves from it; where a copy was interrupted, begin it again with --again.`;

/** Files that are not in the ledger and must be copied as well. */
const NOTE = `Before servers start on it: give them the source's secrets.key (--secrets-key-file), or none of the ledger's secrets
can be opened. Give one of them a copy of the source's checkpoints.jsonl (--checkpoint-file): it holds for the copied entries.
Start no server on the source any more: the two ledgers would go apart.`;

export function addCopy(group: Command): void {
  group
    .command("copy")
    .description("Move an embedded ledger into an empty one in PostgreSQL; its server must be stopped")
    .requiredOption("--from <store>", "the ledger that is copied: sqlite:FOLDER")
    .addOption(
      new Option("--to <store>", "where to: postgres://… (better in the environment: it holds the password)")
        .env("COUNTINGHOUSE_COPY_TO")
        .makeOptionMandatory(),
    )
    .option("--again", "remove what an interrupted copy left, and begin anew")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(copy);
}

async function copy(flags: CopyFlags): Promise<void> {
  const [, folder] = /^sqlite:(.+)$/.exec(flags.from) ?? [];
  if (folder === undefined) throw new CommandError(`--from must be sqlite:FOLDER; got ${flags.from}.`, EXIT.usage);
  const url = postgresAddress("--to", flags.to);
  const [{ openLedgerSource }, { copyLedger }, { maintainBeside }] = await Promise.all([
    import("../../stores/sqlite/ledger-source.ts"),
    import("../../stores/postgres/copying/copy-ledger.ts"),
    import("../../stores/sqlite/maintenance/maintain-beside.ts"),
  ]);
  const copied = await longWork(flags, leaves, async (work) => {
    const source = await openLedgerSource(folder, (path) =>
      maintainBeside("verify", { folder: path, withSums: false }, work),
    );
    try {
      const { monotonicMs, sleep } = realWorld;
      return await copyLedger(source, url, { monotonicMs, sleep, again: flags.again === true, ...work });
    } finally {
      source.close();
    }
  });
  const { head, ...counts } = copied;
  print(flags, { ...counts, head, note: NOTE.replaceAll("\n", " ") }, `${describe(counts)}\n\n${NOTE}`);
}

/** A copy that was begun says itself what it leaves. */
function leaves(error: unknown): string {
  return error instanceof Error && error.name === "CopyError" ? error.message : "Nothing was copied.";
}
