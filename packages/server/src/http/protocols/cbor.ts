/**
 * CBOR (RFC 8949) as Smithy RPC v2 has it: bytes to plain values and back. What nobody need send is refused, never repaired:
 * values nested too deep or too many, keys given twice, text that is not UTF-8, tags but that of a time, bytes left over.
 *
 * The library reads token by token and gives us each one to look at, so that a body is refused where it goes wrong.
 */
import { isUtf8 } from "node:buffer";
import type { OtherValues, WrittenValues } from "@countinghouse/protocol";
import { Tagged, Token, Tokenizer, Type, decode, encode } from "cborg";

/** A structure of ours is nested eight deep. Members that are not ours are read too, and then left out. */
const DEPTH_MAX = 32;
/** Two bytes to a value on average in the largest body; what shapes of ours can hold needs three. */
const VALUES_MAX = 524_288;

/** A body is not the CBOR that is taken here. */
export class CborError extends Error {}

/** Seconds since the epoch, under tag 1. */
class Timestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** What there is beside JSON's values. */
export const cborValues: OtherValues = {
  secondsOf: (value) => (value instanceof Timestamp ? value.seconds : undefined),
  timeForm: "a number of seconds under tag 1",
  nameOf: (value) => {
    if (typeof value !== "object") return undefined;
    return value instanceof Timestamp ? "Timestamp" : value instanceof Uint8Array ? "Byte string" : undefined;
  },
};

/** A double may be a whole number, and is written as a double all the same: some readers tell the two apart. */
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

/** The one value that the bytes hold; throws `CborError`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, { ...DECODING, tokenizer: new CheckedTokens(bytes, DECODING) });
  } catch (error) {
    throw error instanceof CborError
      ? error
      : new CborError((error as Error).message.replace(/^CBOR decode error: /, ""));
  }
}

/** A list, map or tag whose values are being read. */
interface Open {
  readonly isMap: boolean;
  /** Infinite where a break ends it. */
  readonly values: number;
  read: number;
}

const INDEFINITE_BYTES = 0x5f;
const INDEFINITE_TEXT = 0x7f;

class CheckedTokens extends Tokenizer {
  readonly #open: Open[] = [];
  #values = 0;

  override next(): Token {
    const first = this.data[this._pos];
    const isChunked = first === INDEFINITE_BYTES || first === INDEFINITE_TEXT;
    const token = isChunked ? this.#joined(first === INDEFINITE_TEXT ? Type.string : Type.bytes) : this.#one();
    if (token.type === Type.break) this.#break();
    else this.#count(token);
    return token;
  }

  #one(): Token {
    this.#values += 1;
    if (this.#values > VALUES_MAX) throw new CborError(`there are more than ${VALUES_MAX} values`);
    const start = this._pos;
    const token = super.next();
    if (token.type === Type.string) return checkedText(token, this.data, start, this._pos);
    // No shape of ours holds a number so large; as a double it is out of range as well.
    if (typeof token.value === "bigint" && token.type !== Type.tag) token.value = Number(token.value);
    return token;
  }

  /** The pieces that a string of unknown length comes in. */
  #joined(type: Type): Token {
    const start = this._pos;
    this._pos += 1;
    const pieces: (string | Uint8Array)[] = [];
    while (!this.done()) {
      const piece = this.#one();
      if (piece.type === Type.break) return new Token(type, joined(pieces, type), this._pos - start);
      if (piece.type !== type) throw new CborError("a string of unknown length has a piece of another kind");
      pieces.push(piece.value as string | Uint8Array);
    }
    throw new CborError("a string of unknown length does not end");
  }

  #break(): void {
    const open = this.#open.pop();
    if (open?.values !== Infinity || (open.isMap && open.read % 2 === 1))
      throw new CborError("there is a break too many");
    this.#close();
  }

  #count(token: Token): void {
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.read += 1;
    const isMap = token.type === Type.map;
    if (isMap || token.type === Type.array || token.type === Type.tag) {
      if (this.#open.length >= DEPTH_MAX) throw new CborError(`values are nested more than ${DEPTH_MAX} deep`);
      const values = token.type === Type.tag ? 1 : (token.value as number) * (isMap ? 2 : 1);
      this.#open.push({ isMap, values, read: 0 });
    }
    this.#close();
  }

  #close(): void {
    for (let last = this.#open.at(-1); last !== undefined && last.read === last.values; last = this.#open.at(-1)) {
      this.#open.pop();
    }
  }
}

function joined(pieces: readonly (string | Uint8Array)[], type: Type): string | Uint8Array {
  return type === Type.string ? pieces.join("") : Buffer.concat(pieces as Uint8Array[]);
}

/** By how the length is written: in the first byte, or in one, two, four or eight bytes after it. */
const HEAD_BYTES: Readonly<Record<number, number>> = { 24: 2, 25: 3, 26: 5, 27: 9 };
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The library puts a sign for what is not UTF-8, and drops a byte order mark. */
function checkedText(token: Token, data: Uint8Array, start: number, end: number): Token {
  const head = HEAD_BYTES[(data[start] as number) & 0x1f] ?? 1;
  const value = token.value as string;
  if (value.length === end - start - head && !value.includes("\uFFFD")) return token;
  const bytes = data.subarray(start + head, end);
  if (!isUtf8(bytes)) throw new CborError("a text is not UTF-8");
  token.value = text.decode(bytes);
  return token;
}
