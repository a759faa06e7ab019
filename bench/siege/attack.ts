/** What an attack is: what a stranger, or a caller gone bad, does to a server while others go on asking. */
export interface Target {
  readonly endpoint: string;
  /** Connections that one network may have there. */
  readonly networkConnectionsMax: number;
}

export interface Scale {
  /** Connections that are opened, as many times what one network may have. */
  readonly shares: number;
  /** How long the server is watched once the attack stands. */
  readonly seconds: number;
}

/** An attack that stands: it goes on by itself until it is lifted. */
export interface Standing {
  readonly sentBytes: () => number;
  /** Connections that were opened for it, and those of them that the server has ended. */
  readonly opened: () => number;
  readonly ended: () => number;
  lift(): void;
}

export interface Attack {
  readonly name: string;
  /** What is sent, for the table. */
  readonly input: string;
  /** What there has to be on the server before, such as a trail that is long enough. */
  prepare?(target: Target): Promise<void>;
  begin(target: Target, scale: Scale): Promise<Standing>;
}
