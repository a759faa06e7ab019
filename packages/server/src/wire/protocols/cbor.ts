/**
 * CBOR (RFC 8949) as Smithy RPC v2 uses it, Rule D5: bytes to plain values and back. What no client need send is refused, never
 * repaired: values that are nested too deep or too many, repeated keys, text that is not UTF-8, any tag but that of a time,
 * bytes left over.
 *
 * The library reads token by token and gives us each one, so a body is refused at the place where it goes wrong.
 */
import { isUtf8 } from "node:buffer";
import type { OtherValues, WrittenValues } from "@countinghouse/protocol";
import { Tagged, Token, Tokenizer, Type, decode, encode } from "cborg";

/** Our own structures are nested at most eight deep. Unknown members are read, too, and then left out. */
const DEPTH_MAX = 32;
/** In the largest body that is two bytes for a value on average; values of our shapes need at least three. */
const VALUES_MAX = 524_288;

/** The body is not CBOR of the accepted kind. */
export class CborError extends Error {}

/** Seconds since the epoch, under tag 1. */
class Timestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** The values that CBOR has besides JSON's. */
export const cborValues: OtherValues = {
  secondsOf: (value) => (value instanceof Timestamp ? value.seconds : undefined),
  timeForm: "a number of seconds under tag 1",
  nameOf: (value) => {
    if (typeof value !== "object") return undefined;
    return value instanceof Timestamp ? "Timestamp" : value instanceof Uint8Array ? "Byte string" : undefined;
  },
};

/** Doubles that are whole numbers are still written as doubles, since some readers distinguish the two. */
export const writtenValues: WrittenValues = {
  timeOf: (epochMs) => new Tagged(1, epochMs / 1_000),
  doubleOf: (double) => Float64Array.of(double),
};

const ENCODING = {
  float64: true,
  typeEncoders: { Float64Array: ([double]: Float64Array): Token[] => [new Token(Type.float, double)] },
};

export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, ENCODING);
}

const DECODING = {
  allowBigInt: true,
  coerceUndefinedToNull: true,
  rejectDuplicateMapKeys: true,
  tags: {
    1: (content: () => unknown): Timestamp => {
      const seconds = content();
      if (typeof seconds !== "number") throw new CborError("a timestamp, which has tag 1, is no number");
      return new Timestamp(seconds);
    },
  },
};

/** The single value that the bytes hold; throws `CborError`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, { ...DECODING, tokenizer: new CheckedTokens(bytes) });
  } catch (error) {
    throw error instanceof CborError
      ? error
      : new CborError((error as Error).message.replace(/^CBOR decode error: /, ""));
  }
}

/** A list, map or tag whose values are being read. */
interface Open {
  readonly isMap: boolean;
  /** Infinite where a break ends the list or map. */
  readonly values: number;
  read: number;
}

/** The first byte of a value: three bits give its kind, and the others its length, or the length of its length. */
const BYTES = 2;
const TEXT = 3;
const OF_UNKNOWN_LENGTH = 0x1f;
const BREAK = 0xff;
/** None of our shapes has bytes: they are skipped, and this value notes that they were there. */
const NO_BYTES = new Uint8Array();
const SHORT_CHARACTERS = 24;

class CheckedTokens extends Tokenizer {
  readonly #bytes: Buffer;
  readonly #open: Open[] = [];
  #values = 0;

  constructor(bytes: Uint8Array) {
    super(bytes, DECODING);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /* oxlint-disable no-underscore-dangle -- the library names it so */
  get #at(): number {
    return this._pos;
  }

  set #at(position: number) {
    this._pos = position;
  }
  /* oxlint-enable no-underscore-dangle */

  override next(): Token {
    const first = this.#bytes[this.#at] as number;
    const kind = first >> 5;
    if (kind === BYTES || kind === TEXT) {
      const isChunked = (first & 0x1f) === OF_UNKNOWN_LENGTH;
      const value = isChunked ? this.#pieces(kind) : this.#string(kind);
      return this.#counted(new Token(kind === TEXT ? Type.string : Type.bytes, value));
    }
    this.#tally();
    const token = super.next();
    if (token.type === Type.break) return this.#ended(token);
    // None of our shapes holds a number so large; as a double it is out of range as well.
    if (typeof token.value === "bigint" && token.type !== Type.tag) token.value = Number(token.value);
    return this.#counted(token);
  }

  #tally(): void {
    this.#values += 1;
    if (this.#values > VALUES_MAX) throw new CborError(`there are more than ${VALUES_MAX} values`);
  }

  /** The library repairs what is not UTF-8, drops a byte order mark, and refuses strings of unknown length. This does not. */
  #string(kind: number): string | Uint8Array {
    this.#tally();
    const length = this.#length();
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw new CborError("a string ends early");
    this.#at = end;
    return kind === TEXT ? textOf(this.#bytes, start, end) : NO_BYTES;
  }

  /** Reads the first byte of a string, and the bytes of its length. */
  #length(): number {
    const minor = (this.#bytes[this.#at] as number) & 0x1f;
    const at = this.#at + 1;
    const more = minor < 24 ? 0 : (LENGTH_BYTES[minor] ?? 0);
    if (minor >= 24 && more === 0) throw new CborError("a string has a length of no known form");
    if (at + more > this.#bytes.length) throw new CborError("a string ends early");
    this.#at = at + more;
    if (more === 0) return minor;
    return more === 8 ? Number(this.#bytes.readBigUInt64BE(at)) : this.#bytes.readUIntBE(at, more);
  }

  /** The pieces of a string of unknown length; each must be valid by itself. */
  #pieces(kind: number): string | Uint8Array {
    this.#tally();
    this.#at += 1;
    const pieces: (string | Uint8Array)[] = [];
    while (!this.done()) {
      const first = this.#bytes[this.#at] as number;
      if (first === BREAK) {
        this.#at += 1;
        return kind === TEXT ? pieces.join("") : NO_BYTES;
      }
      if (first >> 5 !== kind) throw new CborError("a string of unknown length has a piece of another kind");
      pieces.push(this.#string(kind));
    }
    throw new CborError("a string of unknown length does not end");
  }

  #ended(token: Token): Token {
    const open = this.#open.pop();
    if (open?.values !== Infinity || (open.isMap && open.read % 2 === 1)) {
      throw new CborError("there is a break too many");
    }
    this.#close();
    return token;
  }

  #counted(token: Token): Token {
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.read += 1;
    const isMap = token.type === Type.map;
    if (isMap || token.type === Type.array || token.type === Type.tag) {
      if (this.#open.length >= DEPTH_MAX) throw new CborError(`values are nested more than ${DEPTH_MAX} deep`);
      const values = token.type === Type.tag ? 1 : (token.value as number) * (isMap ? 2 : 1);
      this.#open.push({ isMap, values, read: 0 });
    }
    this.#close();
    return token;
  }

  #close(): void {
    for (let last = this.#open.at(-1); last !== undefined && last.read === last.values; last = this.#open.at(-1)) {
      this.#open.pop();
    }
  }
}

/** By the last five bits of the first byte. */
const LENGTH_BYTES: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4, 27: 8 };

function textOf(bytes: Buffer, start: number, end: number): string {
  const short = end - start <= SHORT_CHARACTERS ? shortText(bytes, start, end) : undefined;
  if (short !== undefined) return short;
  const text = bytes.toString("utf8", start, end);
  if (text.includes("\uFFFD") && !isUtf8(bytes.subarray(start, end))) throw new CborError("a text is not UTF-8");
  return text;
}

/** Decodes short text whose characters take one or two bytes, as in members' names. This is faster than Node's decoder. */
function shortText(bytes: Buffer, start: number, end: number): string | undefined {
  let text = "";
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte <= 0x7f) {
      text += String.fromCharCode(byte);
      continue;
    }
    at += 1;
    const next = at < end ? (bytes[at] as number) : 0;
    if (byte < 0xc2 || byte > 0xdf || next >> 6 !== 0b10) return undefined;
    text += String.fromCharCode(((byte & 0x1f) << 6) | (next & 0x3f));
  }
  return text;
}
