/**
 * Bytes that are held for clients: bodies that are being read, and answers that have not left. Small ones always have room,
 * since the number of connections bounds their number. Big ones share a bounded room, of which one network has at most half, so
 * that one client's big bodies do not keep out another's.
 */
import type { Network, Networks } from "./networks.ts";

/** A body or an answer up to this size is small. */
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
   * Changes the size of one body or answer; answers whether there is room for that, and changes nothing where there is none.
   * Making it 0 bytes releases it, and always succeeds.
   */
  resize(network: Network, beforeBytes: number, afterBytes: number): boolean {
    const bigBytes = bigOf(afterBytes) - bigOf(beforeBytes);
    if (bigBytes > 0 && !this.hasRoom(network, bigBytes)) return false;
    this.#smallBytes += smallOf(afterBytes) - smallOf(beforeBytes);
    if (bigBytes !== 0) this.#resizeBig(network, bigBytes);
    return true;
  }

  /** Whether something big of this size could be held. */
  hasRoom(network: Network, bytes: number): boolean {
    return this.#bigBytes + bytes <= BIG_BYTES_MAX && network.heldBytes + bytes <= NETWORK_BYTES_MAX;
  }

  #resizeBig(network: Network, bytes: number): void {
    this.#bigBytes += bytes;
    network.heldBytes += bytes;
    if (network.heldBytes === 0) this.#networks.forget(network);
  }
}

/** What has become larger than small counts with its whole size. */
function bigOf(bytes: number): number {
  return bytes > SMALL_BYTES_MAX ? bytes : 0;
}

function smallOf(bytes: number): number {
  return bytes > SMALL_BYTES_MAX ? 0 : bytes;
}
