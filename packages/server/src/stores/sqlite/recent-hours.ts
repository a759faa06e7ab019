/**
 * Recognises keys that are certainly new, which most are, without a look-up. For each hour that this process saw begin, a Bloom
 * filter holds what was accepted into the hour. An hour that already held records when the process first met it has no filter,
 * and its keys are always looked up.
 *
 * A filter that holds too much costs a look-up; a filter that holds too little would count usage twice. So a filter is made
 * only for an hour without records while nothing is being written, and records are added to it before they are written, even if
 * the write then fails.
 */
import type { NumberedKey } from "./names.ts";

/** More hours than any acceptance window has. */
const HOURS_MAX = 32;
/** 2^18 words of 32 bits, one mebibyte an hour: up to some 800,000 records, one look-up in a hundred is for nothing. */
const WORDS_BITS = 18;

export class RecentHours {
  readonly #isEmpty: (hour: number) => boolean;
  /** The value is undefined for an hour that held records already. */
  readonly #filters = new Map<number, Uint32Array | undefined>();

  /** `isEmpty` tells whether the store holds no record of an hour. */
  constructor(isEmpty: (hour: number) => boolean) {
    this.#isEmpty = isEmpty;
  }

  /** False only where no record has this key. */
  mayHold(key: NumberedKey): boolean {
    const filter = this.#filters.get(key.hour);
    if (filter === undefined) return true;
    const hash = hashOf(key);
    const bits = bitsOf(hash);
    return ((filter[wordOf(hash)] as number) & bits) === bits;
  }

  /** To be called before the record is written, and while nothing else is being written. */
  add(key: NumberedKey): void {
    if (!this.#filters.has(key.hour)) this.#meet(key.hour);
    const filter = this.#filters.get(key.hour);
    if (filter === undefined) return;
    const hash = hashOf(key);
    const word = wordOf(hash);
    filter[word] = (filter[word] as number) | bitsOf(hash);
  }

  /** To be called after a reset, or after one that failed. */
  forget(): void {
    this.#filters.clear();
  }

  #meet(hour: number): void {
    this.#filters.set(hour, this.#isEmpty(hour) ? new Uint32Array(2 ** WORDS_BITS) : undefined);
    if (this.#filters.size > HOURS_MAX) this.#filters.delete(Math.min(...this.#filters.keys()));
  }
}

function hashOf({ offering, region, customer, dimension }: NumberedKey): number {
  let hash = Math.imul(customer, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ dimension, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13) ^ offering, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16) ^ region, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}

function wordOf(hash: number): number {
  return hash >>> (32 - WORDS_BITS);
}

/** Three bits of a word, chosen by the hash. */
function bitsOf(hash: number): number {
  const mixed = Math.imul(hash, 0x2c1b3c6d);
  return (1 << (mixed >>> 27)) | (1 << ((mixed >>> 22) & 31)) | (1 << ((mixed >>> 17) & 31));
}
