import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { canonicalRequest } from "./canonical-request.ts";
import { scopeText, signature, signingKey, stringToSign, type SigningHashes } from "./signature.ts";

const hashes: SigningHashes = {
  sha256Hex: (text) => createHash("sha256").update(text).digest("hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

// The case "get-vanilla" of the test suite that AWS published with the specification.
const amzDate = "20150830T123600Z";
const scope = { date: "20150830", region: "us-east-1", service: "service" };
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

test("the specification's worked example gives its canonical request, string to sign and signature", () => {
  const canonical = canonicalRequest({
    method: "GET",
    path: "/",
    query: "",
    headers: new Map([
      ["host", ["example.amazonaws.com"]],
      ["x-amz-date", [amzDate]],
      ["user-agent", ["not signed"]],
    ]),
    signedHeaders: ["host", "x-amz-date"],
    payloadHash: hashes.sha256Hex(""),
  });
  expect(canonical).toBe(
    [
      "GET",
      "/",
      "",
      "host:example.amazonaws.com",
      "x-amz-date:20150830T123600Z",
      "",
      "host;x-amz-date",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ].join("\n"),
  );

  const toSign = stringToSign(hashes, amzDate, scope, canonical);
  expect(toSign).toBe(
    [
      "AWS4-HMAC-SHA256",
      "20150830T123600Z",
      "20150830/us-east-1/service/aws4_request",
      "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
    ].join("\n"),
  );

  expect(signature(hashes, signingKey(hashes, secretAccessKey, scope), toSign)).toBe(
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  );
});

test("a signing key is good for one secret, day, region and service only", () => {
  const hexOf = (secret: string, of: typeof scope): string =>
    Buffer.from(signingKey(hashes, secret, of)).toString("hex");
  const keys = [
    hexOf(secretAccessKey, scope),
    hexOf(`${secretAccessKey}x`, scope),
    hexOf(secretAccessKey, { ...scope, date: "20150831" }),
    hexOf(secretAccessKey, { ...scope, region: "us-east-2" }),
    hexOf(secretAccessKey, { ...scope, service: "aws-marketplace" }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("a scope is written as date, region, service and terminator", () => {
  expect(scopeText(scope)).toBe("20150830/us-east-1/service/aws4_request");
});
