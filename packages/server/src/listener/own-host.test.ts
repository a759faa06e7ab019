import { expect, test } from "vitest";
import { isOwnHost } from "./own-host.ts";

test.each([
  "127.0.0.1:7420",
  "127.0.0.1",
  "localhost:7420",
  "LOCALHOST",
  "shop.localhost:7420",
  "[::1]:7420",
  "192.168.1.20:7420",
  "countinghouse:7420",
  "lab.example.org:7420",
])("%s is a host of ours", (host) => {
  expect(isOwnHost(host, "lab.example.org")).toBe(true);
});

test.each([
  undefined,
  "",
  "evil.example:7420",
  "127.0.0.1.evil.example",
  "localhost.evil.example:7420",
  "evil.example:7420:127.0.0.1",
  "127.0.0.1:7420@evil.example",
  "notlab.example.org",
  "evil.",
])("%s is not: a site's owner can make it stand for this machine", (host) => {
  expect(isOwnHost(host, "lab.example.org")).toBe(false);
});
