/** What a rule is, and what rules say of their source and their time. */

export interface Rule {
  readonly text: string;
  readonly source: string;
  readonly inForce: Period;
  readonly reading?: string;
}

/**
 * When a rule held at the service: days, months or years (UTC), as exactly as the sources tell. Without `from` it has
 * held for as long as they go back, without `until` it still does. `before` says what held until then.
 */
export interface Period {
  readonly from?: string;
  readonly until?: string;
  readonly before?: string;
}

export const TRAIL_MODEL = "service model and API reference, CloudTrail 2013-11-01";
export const DESIGN = "design";

/** As far back as the sources go, and still. */
export const ALWAYS: Period = {};
/** Rules of our own making, which the service may not have. */
export const OURS: Period = { from: "2026-11", before: "this server did not exist" };
