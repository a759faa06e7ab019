/**
 * Bytes that are held for clients: bodies that are being read, answers that have not left. Small ones always have room,
 * since their number is bounded by the connections; big ones share what there is, and one network has half of it at most,
 * so that nobody's big bodies keep anybody else's from being taken in.
 */
import type { Network, Networks } from "./networks.ts";

/** Up to this a body or an answer is small. */
export const SMALL_BYTES_MAX = 65_536;
export const BIG_BYTES_MAX = 128 * 1_048_576;
const NETWORK_BYTES_MAX = BIG_BYTES_MAX / 2;

export class HeldBytes {
  readonly #networks: Networks;
  #smallBytes = 0;
  #bigBytes = 0;

  constructor(networks: Networks) {
    this.#networks = networks;
  }

  get bytes(): number {
    return this.#smallBytes + this.#bigBytes;
  }

  /**
   * One body or answer becomes larger or smaller: answers whether there is room for that. Where there is none, nothing
   * has changed. To let go of it is to make it 0 bytes, for which there is always room.
   */
  resize(network: Network, beforeBytes: number, afterBytes: number): boolean {
    const bigBytes = bigOf(afterBytes) - bigOf(beforeBytes);
    if (bigBytes > 0 && !this.hasRoom(network, bigBytes)) return false;
    this.#smallBytes += smallOf(afterBytes) - smallOf(beforeBytes);
    if (bigBytes !== 0) this.#resizeBig(network, bigBytes);
    return true;
  }

  /** Whether something big of that size could be held. */
  hasRoom(network: Network, bytes: number): boolean {
    return this.#bigBytes + bytes <= BIG_BYTES_MAX && network.heldBytes + bytes <= NETWORK_BYTES_MAX;
  }

  #resizeBig(network: Network, bytes: number): void {
    this.#bigBytes += bytes;
    network.heldBytes += bytes;
    if (network.heldBytes === 0) this.#networks.forget(network);
  }
}

/** What grows beyond small counts as big as a whole. */
function bigOf(bytes: number): number {
  return bytes > SMALL_BYTES_MAX ? bytes : 0;
}

function smallOf(bytes: number): number {
  return bytes > SMALL_BYTES_MAX ? 0 : bytes;
}
