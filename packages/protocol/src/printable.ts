/** What was sent, as a message shows it. */

const CHARACTERS_MAX = 256;
/** Controls, halves of surrogate pairs, marks that turn the direction of a line, and what else has no picture. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text within a bound, cut with `…` where it is longer; what cannot be printed is written as JSON would, `\u000a`. */
export function printable(text: string, charactersMax: number = CHARACTERS_MAX): string {
  // Not in the midst of a surrogate pair.
  const cut = text.length <= charactersMax ? text : `${text.slice(0, charactersMax).replace(/[\ud800-\udbff]$/, "")}…`;
  return cut.replaceAll(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
