/** How messages number records: in the order of the input, from 1 on. */
import { entriesOf, type InputLine } from "./input-line.ts";

/** How many numbers are written out; thousands of records may be sent as one. */
const NUMBERS_MAX = 10;

/** `1, 3` for the indices 0 and 2. */
export function numbersText(indices: readonly number[]): string {
  const numbers = indices.slice(0, NUMBERS_MAX).map((index) => index + 1);
  return numbers.join(", ") + (indices.length > NUMBERS_MAX ? ` … (${indices.length} in all)` : "");
}

/** Replaces the service's numbers, which count within a batch, by the input's. */
export function numberedAsGiven(message: string, lines: readonly InputLine[]): string {
  return message.replace(/(\busage record |\busageRecords\.)(\d+)/gi, (text: string, before: string, place: string) => {
    const line = lines[Number(place) - 1];
    return line === undefined ? text : before + numbersText(entriesOf(line).map(({ index }) => index));
  });
}
