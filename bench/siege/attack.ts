/** An attack: what a stranger, or a hostile caller, does to a server while others go on asking. */
export interface Target {
  readonly endpoint: string;
  /** How many connections the server allows to one network. */
  readonly networkConnectionsMax: number;
}

export interface Scale {
  /** How many connections are opened, as a multiple of what one network may have. */
  readonly shares: number;
  /** For how many seconds the server is watched while the attack goes on. */
  readonly seconds: number;
}

/** An attack that has begun; it goes on by itself until it is lifted. */
export interface Standing {
  readonly sentBytes: () => number;
  /** How many connections were opened for it, and how many of them the server has ended. */
  readonly opened: () => number;
  readonly ended: () => number;
  lift(): void;
}

export interface Attack {
  readonly name: string;
  /** What the attack sends, for the table. */
  readonly input: string;
  /** Puts on the server what the attack needs, such as a long trail. */
  prepare?(target: Target): Promise<void>;
  begin(target: Target, scale: Scale): Promise<Standing>;
}
