/** What a rule is, and what a rule says of its source and its time. */

export interface Rule {
  readonly text: string;
  readonly source: string;
  readonly inForce: Period;
  readonly reading?: string;
}

/**
 * When a rule held at the service: days, months or years (UTC), as exactly as the sources tell. A rule without `from` has held
 * for as long as the sources go back, and one without `until` still holds. `before` says what held until then.
 */
export interface Period {
  readonly from?: string;
  readonly until?: string;
  readonly before?: string;
}

export const TRAIL_MODEL = "service model and API reference, CloudTrail 2013-11-01";
export const DESIGN = "design";

/** For as long as the sources go back, and still. */
export const ALWAYS: Period = {};
/** For rules of this server's own, which the service may not have. */
export const OURS: Period = { from: "2026-11", before: "this server did not exist" };
