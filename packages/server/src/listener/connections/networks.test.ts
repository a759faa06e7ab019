import { describe, expect, test } from "vitest";
import { Networks, networkOf } from "./networks.ts";

describe("the network of an address", () => {
  test.each([
    ["198.51.100.7", "198.51.100.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["64:ff9b::198.51.100.7", "64:ff9b:0:0::/64"],
    ["", ""],
  ])("of %j is %j", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test("is known as long as it has something", () => {
    const networks = new Networks();
    const network = networks.of("2001:db8::1");
    expect(networks.of("2001:db8::2")).toBe(network);
    network.forwardedRequests = 1;
    networks.forget(network);
    expect(networks.known).toBe(1);
    network.forwardedRequests = 0;
    networks.forget(network);
    expect(networks.known).toBe(0);
  });
});
