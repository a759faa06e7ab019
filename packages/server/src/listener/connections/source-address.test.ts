import { BlockList } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceAddresses } from "./source-address.ts";

const trusted = new BlockList();
trusted.addSubnet("10.0.0.0", 8, "ipv4");
trusted.addSubnet("fd00::", 8, "ipv6");
const sources = new SourceAddresses(trusted);

const of = (remoteAddress: string | undefined, forwarded?: string): string =>
  sources.of({ headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded }, socket: { remoteAddress } });

const isSecure = (peer: string, forwarded: string | undefined, overOwnTls: boolean): boolean => {
  const headers = forwarded === undefined ? {} : { "x-forwarded-proto": forwarded };
  return sources.isSecure({ headers, socket: { remoteAddress: peer } }, overOwnTls);
};

describe("whether a request came over TLS", () => {
  test.each([
    ["10.0.0.1", "https", false, true],
    ["10.0.0.1", "HTTPS , https", false, true],
    ["10.0.0.1", "https, http", true, false],
    ["10.0.0.1", "http", true, false],
    ["10.0.0.1", "", true, false],
    ["10.0.0.1", `https${",https".repeat(10_000)}`, false, false],
    ["10.0.0.1", undefined, true, true],
    ["10.0.0.1", undefined, false, false],
    ["198.51.100.7", "https", false, false],
    ["198.51.100.7", "http", true, true],
  ])("peer %j that says %j, own TLS %j: %j", (peer, forwarded, overOwnTls, expected) => {
    expect(isSecure(peer, forwarded, overOwnTls)).toBe(expected);
  });
});

describe("where a request comes from", () => {
  test.each([
    ["198.51.100.7", undefined, "198.51.100.7"],
    ["198.51.100.7", "203.0.113.1", "198.51.100.7"],
    ["::ffff:198.51.100.7", "203.0.113.1", "198.51.100.7"],
    [undefined, "203.0.113.1", ""],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.1", "203.0.113.1"],
    ["::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"],
    ["10.0.0.1", "192.0.2.1, 203.0.113.1", "203.0.113.1"],
    ["10.0.0.1", "192.0.2.1,203.0.113.1,10.0.0.2 ,10.9.9.9", "203.0.113.1"],
    ["10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["fd00::1", "2001:DB8:0:0::1", "2001:db8::1"],
    ["10.0.0.1", "[2001:db8::1]", "2001:db8::1"],
    ["10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"],
    ["10.0.0.1", "203.0.113.1:54321", "203.0.113.1"],
    ["10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"],
    ["10.0.0.1", "::ffff:cb00:7101", "203.0.113.1"],
    ["10.0.0.1", "203.0.113.1, ::ffff:10.0.0.2", "203.0.113.1"],
    ["10.0.0.1", "203.0.113.1, unknown", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.1, , 10.0.0.2", "10.0.0.2"],
    ["10.0.0.1", "203.0.113.1,", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.999", "10.0.0.1"],
    ["10.0.0.1", "fe80::1%eth0", "10.0.0.1"],
    ["10.0.0.1", `203.0.113.1, ${"x".repeat(10_000)}`, "10.0.0.1"],
  ])("peer %j that says %j: %j", (peer, forwarded, address) => {
    expect(of(peer, forwarded)).toBe(address);
  });

  test("without trusted proxies nothing that is said counts", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.string(), (peer, said) => {
        const nobody = new SourceAddresses(undefined);
        expect(nobody.of({ headers: { "x-forwarded-for": said }, socket: { remoteAddress: peer } })).toBe(peer);
      }),
    );
  });

  test("whatever stands left of the first address that is not trusted changes nothing", () => {
    const address = fc.oneof(fc.ipV4(), fc.constantFrom("10.1.2.3", "10.3.2.1"));
    fc.assert(
      fc.property(fc.string(), fc.array(address, { maxLength: 6 }), fc.array(fc.constant("10.0.0.9"), { maxLength: 4 }), (spoofed, named, proxies) => {
        fc.pre(named.some((one) => !one.startsWith("10.")));
        const header = [...named, ...proxies].join(", ");
        const right = named.findLast((one) => !one.startsWith("10."));
        expect(of("10.0.0.1", header)).toBe(right);
        expect(of("10.0.0.1", `${spoofed},${header}`)).toBe(right);
      }),
    ); // prettier-ignore
  });

  test("thousands of trusted addresses are not followed", () => {
    expect(of("10.0.0.1", `203.0.113.1${", 10.0.0.2".repeat(2_000)}`)).toBe("10.0.0.2");
  });
});
