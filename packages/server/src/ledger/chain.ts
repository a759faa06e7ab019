/**
 * The hash chain over the entries of a ledger. Each link covers the link before it, so an entry that is changed, removed or
 * moved breaks every link after it.
 */
import { createHash } from "node:crypto";
import type { EncodedEntry } from "./entry-codec.ts";

/** Stands in the place of the link before the first entry. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);

/**
 * The link of an entry: SHA-256 over the link before it, its place (8 bytes, big endian), its time (milliseconds, 8
 * bytes), its request id (16 bytes) and its body (UTF-8).
 */
export function linkOf(before: Uint8Array, seq: number, entry: EncodedEntry): Buffer {
  const figures = Buffer.allocUnsafe(16);
  figures.writeBigInt64BE(BigInt(seq), 0);
  figures.writeBigInt64BE(BigInt(entry.atMs), 8);
  return createHash("sha256")
    .update(before)
    .update(figures)
    .update(entry.requestId.replaceAll("-", ""), "hex")
    .update(entry.body, "utf8")
    .digest();
}
