/**
 * Comma-separated values as in RFC 4180, for spreadsheets. An apostrophe is put before a text that a spreadsheet would take for
 * a formula, as OWASP advises ("CSV Injection"). All exports are written by this code.
 */

export function csvLine(values: readonly string[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

/** The characters with which spreadsheets begin a formula, or which they skip before one; the last four are wide forms. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
/** A plain number is safe, with a sign or without. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;

function csvField(value: string): string {
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
