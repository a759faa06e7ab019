/**
 * Keeps record after record in the ledger of a folder, and prints the id of each once the ledger has acknowledged it.
 * Unlike the server it can be told not to flush, to show what a power cut then takes.
 *
 * Arguments: the folder, and FULL or NORMAL.
 */
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { ledgerOver, oneRecord } from "./one-record.ts";

const WRITERS = 8;

const [folder = "", synchronous] = process.argv.slice(2);
const ledger = ledgerOver(openSqliteEngine(folder, { synchronous: synchronous === "NORMAL" ? "NORMAL" : "FULL" }));
let sent = 0;
await Promise.all(Array.from({ length: WRITERS }, () => keepOn()));

/** Until the disk fails. */
async function keepOn(): Promise<void> {
  for (;;) {
    try {
      const id = await ledger.transact(oneRecord(`customer${(sent += 1)}`));
      process.stdout.write(`${id}\n`);
    } catch {
      return;
    }
  }
}
