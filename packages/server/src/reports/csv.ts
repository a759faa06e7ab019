/**
 * Comma-separated values as RFC 4180 has them, for spreadsheets: a text that one of them would take for a formula is made a
 * text by an apostrophe before it, as OWASP advises ("CSV Injection"). All exports are written by this.
 */

export function csvLine(values: readonly string[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

/** What spreadsheets take for the beginning of a formula, or skip before one; the last four are wide forms of the first. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
/** It is what it says, with a sign or without. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;

function csvField(value: string): string {
  const text = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
