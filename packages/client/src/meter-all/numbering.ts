/** How records are numbered in messages: as they were handed in, from 1 on. */
import { entriesOf, type InputLine } from "./input-line.ts";

/** So many numbers are written out; thousands of records may be sent as one. */
const NUMBERS_MAX = 10;

/** `1, 3`, for the places 0 and 2 in the input. */
export function numbersText(indices: readonly number[]): string {
  const numbers = indices.slice(0, NUMBERS_MAX).map((index) => index + 1);
  return numbers.join(", ") + (indices.length > NUMBERS_MAX ? ` … (${indices.length} in all)` : "");
}

/** Numbers that the service counted within a batch, as they were handed in. */
export function numberedAsGiven(message: string, lines: readonly InputLine[]): string {
  return message.replace(/(\busage record |\busageRecords\.)(\d+)/gi, (text: string, before: string, place: string) => {
    const line = lines[Number(place) - 1];
    return line === undefined ? text : before + numbersText(entriesOf(line).map(({ index }) => index));
  });
}
