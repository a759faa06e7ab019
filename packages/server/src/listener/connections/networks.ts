/**
 * The networks that clients come from, and what each uses of what is shared: connections, requests, bytes. An IPv4 address is a
 * network of its own. For IPv6 it is the first 64 bits, because a client that has one address there usually has all of them.
 */

/** A connection, as far as the bounds on connections need it. */
export interface Place {
  readonly network: Network;
  /** When the connection last began something: an older one has a smaller number. */
  readonly moment: number;
  /** Whether the server waits for the client: for a request, for the rest of one, or until the client takes its answer. */
  readonly waitsForClient: boolean;
  /** Called every second: gives up an answer that the client does not take. */
  watch(): void;
  /** Ends the connection, and frees what the system holds for it. */
  cut(): void;
  /** Called when the connection has ended: requests that wait on it are not begun any more. */
  closed(): void;
}

export interface Network {
  readonly name: string;
  readonly connections: Set<Place>;
  /** How many requests that proxies forwarded for the network are under way. */
  forwardedRequests: number;
  /** How many bytes of big bodies and answers it holds. */
  heldBytes: number;
}

export class Networks {
  readonly #byName = new Map<string, Network>();

  /** The network of an address. It stays known until `forget` finds that it uses nothing. */
  of(address: string): Network {
    const name = networkOf(address);
    let network = this.#byName.get(name);
    if (network === undefined) {
      network = { name, connections: new Set(), forwardedRequests: 0, heldBytes: 0 };
      this.#byName.set(name, network);
    }
    return network;
  }

  /** Forgets a network that uses nothing. */
  forget(network: Network): void {
    const isIdle = network.connections.size === 0 && network.forwardedRequests === 0 && network.heldBytes === 0;
    if (isIdle && this.#byName.get(network.name) === network) this.#byName.delete(network.name);
  }

  /** The network with the most connections. */
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

/** The name of an address's network. A text that is no address is a network of its own. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const left = Math.max(0, GROUPS - before.length - after.length);
  const groups = tail === undefined ? before : [...before, ...Array<string>(left).fill("0"), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** An IPv4 address at the end counts as two groups. */
function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").flatMap((group) => (group.includes(".") ? [group, ""] : [group]));
}
