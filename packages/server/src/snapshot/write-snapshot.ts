/** Writes a snapshot in the form of its file. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { iso } from "@countinghouse/protocol";
import { CHAIN_START, linkOf } from "../ledger/chain.ts";
import { FORMAT, FORMAT_VERSION, type EndLine, type HeadLine } from "./format.ts";
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_TEXT_BYTES_MAX, SnapshotError, type Snapshot } from "./snapshot.ts";

const compressed = promisify(gzip);

/** Throws SnapshotError where it would be too long. */
export async function writeSnapshot(snapshot: Snapshot): Promise<Uint8Array> {
  const { program, savedAtMs, ruleSet, clock, catalogue, resources, entries } = snapshot;
  const head: HeadLine = { format: FORMAT, version: FORMAT_VERSION, program, savedAt: iso(savedAtMs), ruleSet, clock };
  const lines = new Lines();
  lines.add(head);
  for (const object of catalogue) lines.add({ object });
  for (const resource of resources) lines.add({ resource });
  let link: Uint8Array = CHAIN_START;
  entries.forEach((entry, i) => {
    link = linkOf(link, i + 1, entry);
    lines.add({ entry: [entry.requestId, entry.atMs, entry.body] });
  });
  const counts = { objects: catalogue.length, resources: resources.length, entries: entries.length };
  const end: EndLine = {
    end: { ...counts, link: Buffer.from(link).toString("hex"), sha256: lines.digest() },
  };
  lines.add(end);
  const bytes = await compressed(lines.bytes());
  if (bytes.length > SNAPSHOT_BYTES_MAX) throw tooLong();
  return bytes;
}

export function tooLong(): SnapshotError {
  const mebibytes = SNAPSHOT_TEXT_BYTES_MAX / 1_048_576;
  return new SnapshotError(
    `The lab holds more than a snapshot may (${mebibytes} MiB, ${SNAPSHOT_BYTES_MAX / 1_048_576} MiB compressed): use countinghouse store backup, which has no such bound.`,
  );
}

class Lines {
  readonly #chunks: Buffer[] = [];
  readonly #hash = createHash("sha256");
  #bytes = 0;

  add(line: object): void {
    const chunk = Buffer.from(`${JSON.stringify(line)}\n`);
    this.#bytes += chunk.length;
    if (this.#bytes > SNAPSHOT_TEXT_BYTES_MAX) throw tooLong();
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
  }

  /** Of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
