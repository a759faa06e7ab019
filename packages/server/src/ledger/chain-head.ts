/** How far a chain has come: its newest entry, and that one's link. */
export interface ChainHead {
  /** 0 for a chain without entries. */
  readonly seq: number;
  /** SHA-256, in hexadecimal. */
  readonly link: string;
}

/** The lane of a ledger with one writer, wherever that ledger is now. */
export const EMBEDDED_LANE = "embedded";

/** A lane is one writer's chain; several writers of a ledger have several. */
export interface LaneHead extends ChainHead {
  readonly lane: string;
}
