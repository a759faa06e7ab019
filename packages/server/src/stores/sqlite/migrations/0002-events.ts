/** Fills the columns that migration 2 adds, for entries that were written before it. */
import type { DatabaseSync } from "node:sqlite";
import { CHAIN_START, linkOf } from "../../../ledger/chain.ts";
import { attributesOf } from "../../../ledger/entry-attributes.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../entry-rows.ts";
import { NewNames } from "../names.ts";

export function fillEvents(db: DatabaseSync): void {
  const newest = Number(db.prepare("SELECT max(id) AS newest FROM name").get()?.["newest"] ?? 0);
  const select = db.prepare("SELECT id FROM name WHERE text = ?");
  const names = new NewNames(newest, {
    find: (text) => select.get(text)?.["id"] as number | undefined,
    findOfKey: () => undefined,
  });
  const update = db.prepare(
    "UPDATE entry SET operation = ?, principal = ?, account = ?, access_key = ?, product = ?, link = ? WHERE seq = ?",
  );
  const rows = db.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry ORDER BY seq`).all() as unknown as EntryRow[];
  let link: Uint8Array = CHAIN_START;
  for (const row of rows) {
    const encoded = encodedEntryOf(row);
    link = linkOf(link, row.seq, encoded);
    const { operation, principal, account, accessKey, product } = names.numberedAttributes(
      attributesOf(decodeEntry(encoded)),
    );
    update.run(operation, principal, account, accessKey, product, link, row.seq);
  }
  const last = rows.at(-1);
  if (last !== undefined) {
    const head = `${last.seq} ${Buffer.from(link).toString("hex")}`;
    db.prepare("INSERT INTO setting VALUES ('chain-head', ?)").run(head);
  }
  const insert = db.prepare("INSERT INTO name (id, text) VALUES (?, ?)");
  names.texts.forEach((text, i) => insert.run(names.first + i, text));
}
