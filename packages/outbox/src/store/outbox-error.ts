/** The errors of this package that a program can tell apart. Data never throws: see `RecordAnswer`. */

export type OutboxErrorCode =
  /** The store is another one: of another name, service, region or account; or not an outbox. */
  | "other-store"
  /** The store's schema is not there, or of another version. */
  | "schema"
  /** A meter, or something that never changes, is said otherwise than it was. */
  | "changed-definition"
  /** The store cannot keep: a full disk, a database that is gone. */
  | "store"
  /** Something cannot be done now, or not here. */
  | "refused";

export class OutboxError extends Error {
  readonly code: OutboxErrorCode;

  constructor(code: OutboxErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "OutboxError";
    this.code = code;
  }
}
