/** How far a chain has come: its newest entry, and that one's link. */
export interface ChainHead {
  /** 0 for a ledger without entries. */
  readonly seq: number;
  /** SHA-256, in hexadecimal. */
  readonly link: string;
}
