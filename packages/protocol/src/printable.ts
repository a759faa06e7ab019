/** Shows in a message what was sent. */

const CHARACTERS_MAX = 256;
/** Control characters, halves of surrogate pairs, marks that turn the direction of a line, and other invisible characters. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text, cut with `…` if it is longer than the bound; characters that cannot be printed are escaped as in JSON, `\u000a`. */
export function printable(text: string, charactersMax: number = CHARACTERS_MAX): string {
  // The cut does not split a surrogate pair.
  const cut = text.length <= charactersMax ? text : `${text.slice(0, charactersMax).replace(/[\ud800-\udbff]$/, "")}…`;
  return cut.replaceAll(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
