/** A ledger whose newest entries are missing although they were acknowledged. */

/** `found` says in sentences what is missing, as far as that can be known. */
export class LostTailError extends Error {
  constructor(name: string, found: string) {
    super(
      `The ledger ${name} is not whole. ${found} Look for what is missing (a log that was not copied along), or restore a backup. To go on with what is there, start once with --accept-lost-tail: that is kept in the audit trail.`,
    );
    this.name = "LostTailError";
  }
}
