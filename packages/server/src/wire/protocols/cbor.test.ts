/** Valid CBOR, hostile CBOR, and what the official serialiser writes and reads. */
import { decoderOf, encoderOf, meterUsage, operations, writableOf, type Shape } from "@countinghouse/protocol";
import { cbor, dateToTag } from "@smithy/core/cbor";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CborError, cborValues, decodeCbor, encodeCbor, writtenValues } from "./cbor.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const decodeMeter = decoderOf(meterUsage.input, cborValues);
/** Reads, as MeterUsage, a map of the product, the dimension and these further members. */
const meter = (members: number, more: string): ReturnType<typeof decodeMeter> => {
  const head = Buffer.concat([
    Buffer.from([0xa0 + 2 + members]),
    Buffer.from(cbor.serialize("ProductCode")), Buffer.from(cbor.serialize("p")),
    Buffer.from(cbor.serialize("UsageDimension")), Buffer.from(cbor.serialize("d")),
  ]); // prettier-ignore
  return decodeMeter(decodeCbor(Buffer.concat([head, hex(more)])));
};
const key = (name: string): string => Buffer.from(cbor.serialize(name)).toString("hex");
const timestamp = (written: string): unknown => {
  const decoded = meter(1, key("Timestamp") + written);
  return decoded.ok ? decoded.value.timestampMs : decoded.refusal;
};

const refusal = (message: string): object => ({ code: "SerializationException", message });
const nested = (depth: number, opening: number): Buffer => Buffer.alloc(depth, opening);
const repeated = (text: string, times: number): Buffer => Buffer.alloc((text.length / 2) * times, text, "hex");
const bounds = (member: string, text: string): object => ({
  ok: false,
  refusal: {
    code: "ValidationException",
    message: expect.stringMatching(`^1 validation error detected: .*'${member}' failed to satisfy constraint: ${text}`) as string,
  },
}); // prettier-ignore
const hexOf = (value: unknown): string => Buffer.from(encodeCbor(value)).toString("hex");

describe("what may be written in several ways is read from each", () => {
  test.each([
    ["in an integer", "c1 1a 6553f100", 1_700_000_000_000],
    ["in a negative integer", "c1 20", -1_000],
    ["in a half", "c1 f9 3e00", 1_500],
    ["in a single", "c1 fa 44 7a 20 00", 1_000_500],
    ["in a double", "c1 fb 41d954fc40000000 ".replace("40000000", "40200000"), 1_700_000_000_500],
    ["in eight bytes", "c1 1b 000000006553f100", 1_700_000_000_000],
    ["under a tag that is written at length", "d8 01 1a 6553f100", 1_700_000_000_000],
  ])("a time %s", (_how, written, ms) => {
    expect(timestamp(written)).toBe(ms);
  });

  test("a whole number, in any form that holds it", () => {
    for (const written of ["07", "18 07", "19 0007", "1a 00000007", "1b 0000000000000007", "f9 4700", "fa 40e00000", "fb 401c000000000000"]) {
      expect(meter(2, `${key("Timestamp")} c1 01 ${key("UsageQuantity")} ${written}`), written).toMatchObject({
        ok: true,
        value: { usageQuantity: 7 },
      });
    }
  }); // prettier-ignore

  test("lists, maps and texts of unknown length, their keys too", () => {
    // From the protocol's own tests for servers.
    const map = decodeCbor(hex("bf 7f 61 61 61 62 ff 9f 01 02 ff 63 c3a9 63 7f ff ff"));
    expect(map).toEqual({ ab: [1, 2], éc: "" });
    expect(decodeCbor(Buffer.from("oWtzdHJpbmdWYWx1ZX94HUFuIGV4YW1wbGUgaW5kZWZpbml0ZSBzdHJpbmcscSBjaHVua2VkIG9uIGNvbW1h/w==", "base64"))).toEqual({
      stringValue: "An example indefinite string, chunked on comma",
    });
    expect(decodeCbor(Buffer.from("oWlibG9iVmFsdWVfWCJBbiBleGFtcGxlIGluZGVmaW5pdGUtYnl0ZSBzdHJpbmcsUSBjaHVua2VkIG9uIGNvbW1h/w==", "base64"))).toEqual({
      blobValue: expect.any(Uint8Array) as object,
    });
  }); // prettier-ignore

  test("what the protocol's own tests have servers read, of every kind of value at once", () => {
    const value = decodeCbor(
      Buffer.from(
        "v2lieXRlVmFsdWUFa2RvdWJsZVZhbHVl+z/+OVgQYk3TcWZhbHNlQm9vbGVhblZhbHVl9GpmbG9hdFZhbHVl+kD0AABrZXh0cmFPYmplY3S/c2luZGVmaW5pdGVMZW5ndGhNYXC/a3dpdGhBbkFycmF5nwECA///cWRlZmluaXRlTGVuZ3RoTWFwo3J3aXRoQURlZmluaXRlQXJyYXmDAQIDeB1hbmRTb21lSW5kZWZpbml0ZUxlbmd0aFN0cmluZ3gfdGhhdCBoYXMsIGJlZW4gY2h1bmtlZCBvbiBjb21tYWxub3JtYWxTdHJpbmdjZm9vanNob3J0VmFsdWUZJw9uc29tZU90aGVyRmllbGR2dGhpcyBzaG91bGQgYmUgc2tpcHBlZP9saW50ZWdlclZhbHVlGQEAaWxvbmdWYWx1ZRkmkWpzaG9ydFZhbHVlGSaqa3N0cmluZ1ZhbHVlZnNpbXBsZXB0cnVlQm9vbGVhblZhbHVl9WlibG9iVmFsdWVDZm9v/w==",
        "base64",
      ),
    );
    expect(value).toMatchObject({
      byteValue: 5,
      doubleValue: 1.889,
      falseBooleanValue: false,
      floatValue: 7.625,
      integerValue: 256,
      longValue: 9_873,
      shortValue: 9_898,
      stringValue: "simple",
      trueBooleanValue: true,
      extraObject: {
        indefiniteLengthMap: { withAnArray: [1, 2, 3] },
        definiteLengthMap: { withADefiniteArray: [1, 2, 3], normalString: "foo" },
      },
    });
  });

  test("null and undefined count as absent", () => {
    expect(decodeCbor(hex("a2 61 61 f6 61 62 f7"))).toEqual({ a: null, b: null });
    expect(decodeCbor(Buffer.from("v2tzdHJpbmdWYWx1Zfb/", "base64"))).toEqual({ stringValue: null });
  });

  test("members that are not ours are left out, whatever they hold", () => {
    // From the protocol's own tests for servers, with bytes and a time added.
    const more = `${key("extra")} bf ${key("list")} 9f 01 02 03 ff ${key("bytes")} 43 010203 ${key("at")} c1 01 ff`;
    expect(meter(2, `${key("Timestamp")} c1 01 ${more}`)).toEqual({
      ok: true,
      value: { productCode: "p", usageDimension: "d", timestampMs: 1_000 },
    });
  });
});

describe("a value of another kind than its member is a SerializationException", () => {
  test.each([
    ["a time without its tag", "01", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber found where a timestamp is expected: a number of seconds under tag 1."],
    ["a time in text", "61 31", "class java.lang.String found where a timestamp is expected: a number of seconds under tag 1."],
    ["a time in bytes", "41 31", "Byte string found where a timestamp is expected: a number of seconds under tag 1."],
  ])("%s", (_what, written, message) => {
    expect(timestamp(written)).toEqual(refusal(message));
  }); // prettier-ignore

  test.each([
    ["bytes where text belongs", "ClientToken", "43 616263", "Byte string found where not expected."],
    ["a time where text belongs", "ClientToken", "c1 01", "Timestamp found where not expected."],
    ["a number where text belongs", "ClientToken", "01", "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String"],
    ["a time where a number belongs", "UsageQuantity", "c1 01", "Timestamp found where not expected."],
    ["text where a number belongs", "UsageQuantity", "61 31", "class java.lang.String can not be converted to an Integer"],
    ["bytes where a list belongs", "UsageAllocations", "43 010203", "Byte string found where not expected."],
    ["bytes where a structure belongs", "UsageAllocations", "81 43 010203", "Byte string found where not expected."],
    ["bytes where yes or no belongs", "DryRun", "41 01", "Byte string found where not expected."],
  ])("%s", (_what, member, written, message) => {
    const decoded = meter(2, `${key("Timestamp")} c1 01 ${key(member)} ${written}`);
    expect(decoded).toEqual({ ok: false, refusal: refusal(message) });
  }); // prettier-ignore

  test.each(["c1 01", "43 010203"])("a body that is %s alone", (body) => {
    expect(decodeMeter(decodeCbor(hex(body)))).toMatchObject({
      ok: false,
      refusal: { code: "SerializationException" },
    });
  });
});

describe("a number beyond its bounds is a ValidationException, as it is in JSON", () => {
  test.each([
    ["eight bytes", "1b ffffffffffffffff", "Member must have value less than or equal to 2147483647"],
    ["negative, in eight bytes", "3b ffffffffffffffff", "Member must have value greater than or equal to 0"],
    ["NaN", "f9 7e00", "Member must be a whole number"],
    ["NaN in a double", "fb 7ff8000000000000", "Member must be a whole number"],
    ["infinite", "fa 7f800000", "Member must have value less than or equal to 2147483647"],
    ["with a fraction", "f9 3e00", "Member must be a whole number"],
  ])("%s", (_what, written, text) => {
    expect(meter(2, `${key("Timestamp")} c1 01 ${key("UsageQuantity")} ${written}`)).toEqual(bounds("usageQuantity", text));
  }); // prettier-ignore

  test.each([
    ["NaN", "c1 f9 7e00", "Member must be a finite number"],
    ["infinite", "c1 f9 fc00", "Member must have value greater than or equal to -8640000000000"],
    ["beyond all calendars", "c1 1b ffffffffffffffff", "Member must have value less than or equal to 8640000000000"],
  ])("a time that is %s", (_what, written, text) => {
    expect(meter(1, key("Timestamp") + written)).toEqual(bounds("timestamp", text));
  });
});

describe("what cannot be taken is refused where it goes wrong:", () => {
  test.each<readonly [string, Buffer, RegExp]>([
    ["nothing", hex(""), /did not find/],
    ["a map that ends early", hex("a2 61 61 01"), /not enough entries/],
    ["a text that ends early", hex("7a 7fffffff 61"), /a string ends early/],
    ["a text whose length is beyond all numbers", hex("7b ffffffffffffffff 61"), /a string ends early/],
    ["a list that says it is endless", hex("9b 001fffffffffffff 01"), /not enough entries/],
    ["a list whose length is beyond all numbers", hex("9b ffffffffffffffff 01"), /64-bit/],
    ["a map that says it is endless", hex("bb 000fffffffffffff 61 61 01"), /not enough entries/],
    ["bytes left over", hex("a0 a0"), /too many terminals/],
    ["a key given twice", hex("a2 61 61 01 61 61 02"), /repeat map key "a"/],
    ["a key given twice, in two ways to write it", hex("a2 61 61 01 7f 61 61 ff 02"), /repeat map key "a"/],
    ["a key that is a number", hex("a1 01 01"), /non-string keys/],
    ["a key that is bytes", hex("a1 41 61 01"), /non-string keys/],
    ["a break alone", hex("ff"), /break/],
    ["a break where a value belongs", hex("bf 61 61 ff ff"), /a break too many/],
    ["a break within a list of known length", hex("82 01 ff"), /a break too many/],
    ["a break under a tag", hex("9f c1 ff"), /a break too many/],
    ["a tag of nothing", hex("c1"), /content missing/],
    ["an unknown tag", hex("a1 61 61 d9 d9f7 01"), /tag not supported \(55799\)/],
    ["a number as large as one likes", hex("a1 61 61 c2 49 010000000000000000"), /tag not supported \(2\)/],
    ["a decimal fraction", hex("a1 61 61 c4 82 21 19 6ab3"), /tag not supported \(4\)/],
    ["a date in text", hex("a1 61 61 c0 61 61"), /tag not supported \(0\)/],
    ["a time that is no number", hex("a1 61 61 c1 61 61"), /tag 1, is no number/],
    ["a time of a time", hex("a1 61 61 c1 c1 01"), /tag 1, is no number/],
    ["a simple value that is none", hex("a1 61 61 e0"), /simple values/],
    ["a reserved length", hex("a1 61 61 1c"), /invalid minor/],
    ["text that is not UTF-8", hex("a1 61 61 61 ff"), /a text is not UTF-8/],
    ["long text that is not UTF-8", Buffer.concat([hex("a1 61 61 78 64"), Buffer.alloc(100, 0xc3)]), /a text is not UTF-8/],
    ["a character that is not gone on with", hex("a1 61 61 62 c328"), /a text is not UTF-8/],
    ["a character that is written too long", hex("a1 61 61 62 c080"), /a text is not UTF-8/],
    ["half a surrogate pair", hex("a1 61 61 63 eda080"), /a text is not UTF-8/],
    ["a character that two pieces share", hex("a1 61 61 7f 61 c3 61 a9 ff"), /a text is not UTF-8/],
    ["a piece of another kind", hex("7f 41 61 ff"), /a piece of another kind/],
    ["a piece of unknown length", hex("7f 7f 61 61 ff ff"), /a length of no known form/],
    ["a text that never ends", hex("7f 61 61"), /does not end/],
    ["lists in lists", nested(1_000_000, 0x81), /nested more than 32 deep/],
    ["lists in lists of unknown length", nested(1_000_000, 0x9f), /nested more than 32 deep/],
    ["tags of tags", nested(1_000_000, 0xc1), /nested more than 32 deep/],
    ["maps in maps", repeated("a16161", 300_000), /nested more than 32 deep/],
    ["a million numbers", Buffer.concat([hex("9a 000f4240"), Buffer.alloc(1_000_000, 0)]), /more than 524288 values/],
    ["a million empty maps", Buffer.concat([hex("9f"), Buffer.alloc(1_000_000, 0xa0)]), /more than 524288 values/],
    ["a million empty pieces", Buffer.concat([hex("7f"), Buffer.alloc(1_000_000, 0x60)]), /more than 524288 values/],
  ])("%s", (_what, bytes, message) => {
    expect(() => decodeCbor(bytes)).toThrow(CborError);
    expect(() => decodeCbor(bytes)).toThrow(message);
  }); // prettier-ignore

  test("32 deep is not too deep", () => {
    expect(decodeCbor(Buffer.concat([nested(32, 0x81), hex("01")]))).toBeInstanceOf(Array);
  });

  test("keys that an object has by itself are keys like others", () => {
    const value = decodeCbor(hex(`a2 ${key("__proto__")} a1 ${key("ProductCode")} 61 70 ${key("constructor")} 01`));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(["__proto__", "constructor"]);
    expect(decodeMeter(value)).toMatchObject({ ok: false, refusal: { code: "ValidationException" } });
  });

  test("no bytes whatever bring anything but a value or a CborError", () => {
    const heads = fc.constantFrom(0x5f, 0x7f, 0x81, 0x9f, 0xa1, 0xbf, 0xc1, 0xff, 0x61, 0x41, 0x9b, 0xf9);
    const bytes = fc.array(fc.oneof(fc.nat({ max: 255 }), heads), { maxLength: 60 });
    const mutated = fc.tuple(fc.nat(), fc.nat({ max: 255 })).map(([at, byte]) => {
      const good = Buffer.from(cbor.serialize({ ProductCode: "p", Timestamp: dateToTag(new Date(5)), Tags: [{ Key: "é" }] }));
      good[at % good.length] = byte;
      return [...good];
    }); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(bytes, mutated), (all) => {
        try {
          decodeMeter(decodeCbor(Uint8Array.from(all)));
        } catch (error) {
          expect(error).toBeInstanceOf(CborError);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Any value of the shape's kind, within its constraints or beyond them. */
function valueOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "string":
      return fc.oneof(
        fc.string({ unit: "grapheme", maxLength: 40 }),
        fc.string({ maxLength: 300 }),
        fc.constantFrom("", "\uFEFFmark", "\uFFFD", "__proto__", "\u0000", "arn:aws:license-manager::1:license:l-1"),
      );
    case "integer":
      return fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(0, 23, 24, 255, 256, 65_536, 2 ** 31, -1, 1.5));
    case "double":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "timestamp":
      return fc.oneof(fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }), fc.integer());
    case "list":
      return fc.array(valueOf(shape.member), { maxLength: 4 });
    case "map":
      return fc.dictionary(fc.oneof(fc.constantFrom(...shape.keys), fc.string({ maxLength: 5 })), valueOf(shape.value), { maxKeys: 4 });
    case "structure":
      return fc.record(
        Object.fromEntries(
          Object.entries(shape.members as Record<string, { shape: Shape }>).map(([name, member]) => [name, valueOf(member.shape)]),
        ),
        { requiredKeys: [] },
      );
  }
} // prettier-ignore

/** The official serialiser takes a `Date` for a time. */
const official = { timeOf: (ms: number) => dateToTag(new Date(ms)), doubleOf: (double: number) => double };

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s:", (_name, operation) => {
  test("an input is read alike from JSON, and from CBOR as the official serialiser writes it", () => {
    const shape = operation.input;
    const fromJson = decoderOf(shape);
    const fromCbor = decoderOf(shape, cborValues);
    const encode = encoderOf(shape);
    const writable = writableOf(shape, official);
    fc.assert(
      fc.property(valueOf(shape), (value) => {
        const bytes = cbor.serialize(writable(value));
        expect(fromCbor(decodeCbor(bytes))).toEqual(fromJson(JSON.parse(encode(value))));
      }),
      { numRuns: 400 },
    );
  });

  test("an output is what the official deserialiser reads", () => {
    const shape = operation.output;
    const writable = writableOf(shape, writtenValues);
    const expected = writableOf(shape, official);
    fc.assert(
      fc.property(valueOf(shape), (value) => {
        const read: unknown = cbor.deserialize(Buffer.from(encodeCbor(writable(value))));
        expect(read).toEqual(expected(value));
      }),
      { numRuns: 400 },
    );
  });
});

test("a double is written as one, whole or not, and a time in seconds under tag 1", () => {
  expect(hexOf(writtenValues.doubleOf(5))).toBe("fb4014000000000000");
  expect(hexOf(writtenValues.timeOf(1_500))).toBe("c1fb3ff8000000000000");
  expect(hexOf(writtenValues.timeOf(1_700_000_000_000))).toBe("c11a6553f100");
});
