/** How far a chain has come: its newest entry, and the link of that entry. */
export interface ChainHead {
  /** 0 for a chain without entries. */
  readonly seq: number;
  /** SHA-256, in hexadecimal. */
  readonly link: string;
}

/** The name of the lane of an embedded ledger. A PostgreSQL ledger that was copied from it keeps the name. */
export const EMBEDDED_LANE = "embedded";

/** How far a lane's chain has come. A lane is one writer's chain; a ledger with several writers has several lanes. */
export interface LaneHead extends ChainHead {
  readonly lane: string;
}
