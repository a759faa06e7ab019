/**
 * The form of a snapshot's file: JSON lines, compressed with gzip. The first line says what the file is, the last one how much
 * there was before it, with a digest of that. The digest finds damage and edits; it is no signature, so whoever can compute it
 * can write a file that is taken.
 */

export const FORMAT = "countinghouse-snapshot";
/** Grows when an older program could not read what a newer one writes. */
export const FORMAT_VERSION = 1;

export interface HeadLine {
  readonly format: string;
  readonly version: number;
  readonly program: string;
  /** ISO 8601. */
  readonly savedAt: string;
  readonly ruleSet: string;
  readonly clock: string;
}

export interface EndLine {
  readonly end: {
    readonly objects: number;
    readonly resources: number;
    readonly entries: number;
    /** The link of the last entry, in hexadecimal. */
    readonly link: string;
    /** SHA-256 of all lines before this one, in hexadecimal. */
    readonly sha256: string;
  };
}
