import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isWithin, readIpAddress, readIpNetwork } from "./ip-network.ts";

function contains(network: string, address: string): boolean | undefined {
  const [inner, outer] = [readIpAddress(address), readIpNetwork(network)];
  return inner === undefined || outer === undefined ? undefined : isWithin(inner, outer);
}

describe("a network", () => {
  test.each([
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.77/24", "203.0.113.1", true],
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7", "203.0.113.6", false],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "::1", true],
    ["::/0", "10.0.0.1", false],
    ["2001:DB8:1234:5678::/64", "2001:db8:1234:5678:ffff::1", true],
    ["2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", false],
    ["2001:db8::1", "2001:0db8:0000::0001", true],
    ["2001:db8::1", "2001:db8::2", false],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["::ffff:10.0.0.0/104", "10.1.2.3", true],
    ["::ffff:10.0.0.0/104", "11.1.2.3", false],
    ["::1.2.3.4", "::102:304", true],
  ])("%s has %s: %s", (network, address, expected) => {
    expect(contains(network, address)).toBe(expected);
  });

  test.each([
    "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0", "10.0.0.0.0", "10.0.0.256",
    "010.0.0.1", "10.0.0.*", "10.0.0.1-2", " 10.0.0.1", "10.0.0.1 ", "::/129", "1::2::3", ":::", ":1", "1:", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "12345::", "g::", "fe80::1%eth0", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "localhost",
  ])("%j is none", (text) => {
    expect(readIpNetwork(text)).toBeUndefined();
  }); // prettier-ignore
});

test("an address is one without a prefix", () => {
  expect(readIpAddress("10.0.0.1")).toBeDefined();
  expect(readIpAddress("10.0.0.1/32")).toBeUndefined();
});

test("what is an address, and what lies in a network, is as the system says", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const groups = fc.array(fc.constantFrom("", "0", "1", "ffff", "1.2.3.4"), { minLength: 6, maxLength: 10 });
  const nearly = fc.oneof(
    address,
    groups.map((parts) => parts.join(":")),
  );
  fc.assert(
    fc.property(nearly, address, fc.nat({ max: 128 }), (text, base, bits) => {
      expect(readIpAddress(text) !== undefined).toBe(isIP(text) !== 0);
      const isIpv4 = isIP(base) === 4;
      const prefix = isIpv4 ? bits % 33 : bits;
      const list = new BlockList();
      list.addSubnet(base, prefix, isIpv4 ? "ipv4" : "ipv6");
      const [inner, outer] = [readIpAddress(text), readIpNetwork(`${base}/${prefix}`)];
      if (inner === undefined || outer === undefined) return;
      // Where the two are written in different families, or as IPv4 within IPv6, Node's list follows other rules.
      if ((isIP(text) === 4) !== isIpv4 || inner.bits !== outer.bits) return;
      expect(isWithin(inner, outer)).toBe(list.check(text, isIpv4 ? "ipv4" : "ipv6"));
    }),
    { numRuns: 2_000 },
  );
});
