import { expect, test } from "vitest";
import { isNearby } from "./endpoint-url.ts";

const nearby = ["http://127.0.0.1:7420", "http://127.1", "http://localhost:1", "http://sts.localhost", "http://[::1]:1", "http://[::ffff:127.0.0.1]", "http://[::ffff:169.254.169.254]", "http://169.254.170.2/x", "http://169.254.169.254", "http://[fd00:ec2::254]", "http://[fe80::1]"]; // prettier-ignore
const faraway = ["https://sts.amazonaws.com", "http://10.0.0.1", "http://127.0.0.1.example.com", "http://localhost.example.com", "http://169.255.0.1", "http://[2001:db8::1]", "http://[::ffff:10.0.0.1]", "http://169.254.example.com"]; // prettier-ignore

test.each(nearby)("%s is on this machine or its link, past any proxy", (url) => {
  expect(isNearby(new URL(url))).toBe(true);
});

test.each(faraway)("%s is not", (url) => {
  expect(isNearby(new URL(url))).toBe(false);
});
