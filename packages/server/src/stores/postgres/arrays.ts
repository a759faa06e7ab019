/**
 * Arrays in the form in which PostgreSQL takes them in without reading text: a third of what a group's rows cost it went
 * into that. The driver sends a Buffer as it is, and the statement says of what type it is (`$1::uuid[]`).
 */

/** The types' numbers, which are the same in every database. */
const BIGINT = 20;
const BYTEA = 17;
const TEXT = 25;
const UUID = 2950;

const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
const BIGINT_BYTES = 8;
/** Sixteen bytes. */
const UUID_LENGTH_DIGITS = "00000010";

export function bigints(values: readonly (bigint | null)[]): Buffer {
  const nulls = values.filter((value) => value === null).length;
  const bytes = values.length * (LENGTH_BYTES + BIGINT_BYTES) - nulls * BIGINT_BYTES;
  const { array, start } = begin(BIGINT, values.length, nulls > 0, bytes);
  let at = start;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? NULL_LENGTH : BIGINT_BYTES, at);
    if (value !== null) at = array.writeBigInt64BE(value, at);
  }
  return array;
}

/** With dashes or without. */
export function uuids(values: readonly string[]): Buffer {
  // All digits are turned into bytes at once: a call for each would cost more than all the rest.
  const digits = values
    .map((value) => UUID_LENGTH_DIGITS + value)
    .join("")
    .replaceAll("-", "");
  const { array, start } = begin(UUID, values.length, false, digits.length / 2);
  array.write(digits, start, "hex");
  return array;
}

export function texts(values: readonly (string | null)[]): Buffer {
  return byteArrays(
    TEXT,
    values.map((value) => (value === null ? null : Buffer.from(value))),
  );
}

export function byteas(values: readonly Uint8Array[]): Buffer {
  return byteArrays(BYTEA, values);
}

function byteArrays(type: number, values: readonly (Uint8Array | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + (value?.length ?? 0), 0);
  const { array, start } = begin(type, values.length, values.includes(null), bytes);
  let at = start;
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? NULL_LENGTH, at);
    if (value === null) continue;
    array.set(value, at);
    at += value.length;
  }
  return array;
}

/** An array with its head written, and where its elements start. */
function begin(
  type: number,
  length: number,
  hasNulls: boolean,
  bytes: number,
): { readonly array: Buffer; readonly start: number } {
  const start = length === 0 ? HEAD_BYTES - 2 * LENGTH_BYTES : HEAD_BYTES;
  const array = Buffer.allocUnsafe(start + bytes);
  let at = array.writeInt32BE(length === 0 ? 0 : 1, 0);
  at = array.writeInt32BE(hasNulls ? 1 : 0, at);
  at = array.writeInt32BE(type, at);
  // The one dimension, where there are elements: how many, and the number of the first.
  if (length > 0) array.writeInt32BE(1, array.writeInt32BE(length, at));
  return { array, start };
}
