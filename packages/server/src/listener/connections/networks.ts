/**
 * Where clients come from, and what each place has of what is shared: connections, requests, bytes. An IPv4 address is a
 * place of its own; of IPv6 it is the first 64 bits, since whoever has one address there has all that follow.
 */

/** A connection, as far as places are given and taken away. */
export interface Place {
  readonly network: Network;
  /** When it last began something: what has a smaller number is older. */
  readonly moment: number;
  /** Whether it is the client that something is waited for: a request, the rest of one, or that it takes its answer. */
  readonly waitsForClient: boolean;
  /** Called every second: gives up an answer that its client does not take. */
  watch(): void;
  /** Ends it, and whatever the system holds for it. */
  cut(): void;
  /** It has ended: nothing that waits on it is begun any more. */
  closed(): void;
}

export interface Network {
  readonly name: string;
  readonly connections: Set<Place>;
  /** Requests under way that were forwarded for it. */
  forwardedRequests: number;
  /** What it has of the room for big bodies and answers. */
  heldBytes: number;
}

export class Networks {
  readonly #byName = new Map<string, Network>();

  /** The one that an address lies in. It is known from here on, until `forget` finds nothing of it. */
  of(address: string): Network {
    const name = networkOf(address);
    let network = this.#byName.get(name);
    if (network === undefined) {
      network = { name, connections: new Set(), forwardedRequests: 0, heldBytes: 0 };
      this.#byName.set(name, network);
    }
    return network;
  }

  /** Lets go of a network that has nothing. */
  forget(network: Network): void {
    const isIdle = network.connections.size === 0 && network.forwardedRequests === 0 && network.heldBytes === 0;
    if (isIdle && this.#byName.get(network.name) === network) this.#byName.delete(network.name);
  }

  /** The one with the most connections. */
  largest(): Network | undefined {
    let largest: Network | undefined;
    for (const network of this.#byName.values()) {
      if (largest === undefined || network.connections.size > largest.connections.size) largest = network;
    }
    return largest;
  }

  get known(): number {
    return this.#byName.size;
  }
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** The name of the network that an address lies in. What is no address is a network of its own. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const left = Math.max(0, GROUPS - before.length - after.length);
  const groups = tail === undefined ? before : [...before, ...Array<string>(left).fill("0"), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** An IPv4 address at the end stands for two groups. */
function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").flatMap((group) => (group.includes(".") ? [group, ""] : [group]));
}
