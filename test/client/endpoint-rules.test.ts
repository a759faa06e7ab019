/** The endpoint rules, held against the official SDK's own resolver: every partition, known and new regions, every flag. */
import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { defaultEndpointProvider, type EndpointParameters } from "@countinghouse/client";
import { describe, expect, test } from "vitest";

/** A region of each partition that is known, one that is not, and its name for all of them. */
const REGIONS = [
  "us-east-1", "eu-central-1", "ap-southeast-99", "aws-global", "mx-central-1", "me-west-1",
  "cn-north-1", "cn-northwest-1", "cn-west-9", "aws-cn-global",
  "us-gov-west-1", "us-gov-east-1", "us-gov-middle-7", "aws-us-gov-global",
  "us-iso-east-1", "us-iso-north-5", "aws-iso-global",
  "us-isob-east-1", "us-isob-west-1", "aws-iso-b-global",
  "eu-isoe-west-1", "aws-iso-e-global",
  "us-isof-south-1", "us-isof-east-1", "aws-iso-f-global",
  "eusc-de-east-1", "eusc-de-west-2", "aws-eusc-global",
  "somewhere", "xx-new-1",
]; // prettier-ignore

const official = new MarketplaceMeteringClient({
  region: "us-east-1",
  credentials: { accessKeyId: "a", secretAccessKey: "b" },
});

function ours(parameters: EndpointParameters): string {
  try {
    return new URL(defaultEndpointProvider.resolveEndpoint(parameters).url).href;
  } catch (error) {
    return (error as Error).message;
  }
}

function theirs({ region, endpoint, useFips, useDualStack }: EndpointParameters): string {
  try {
    const parameters = { Region: region, Endpoint: endpoint, UseFIPS: useFips, UseDualStack: useDualStack };
    return official.config.endpointProvider(parameters, {}).url.href;
  } catch (error) {
    return (error as Error).message;
  }
}

const flags = [false, true].flatMap((useFips) => [false, true].map((useDualStack) => ({ useFips, useDualStack })));

describe.each(flags)("with FIPS $useFips and dual-stack $useDualStack", (both) => {
  test.each(REGIONS)("%s", (region) => {
    const place = ours({ region, ...both });
    expect(place).toBe(theirs({ region, ...both }));
    expect(place).toMatch(/^https:\/\/metering[.-]marketplace/);
  });

  test("a custom endpoint, with and without a region", () => {
    for (const region of ["us-east-1", undefined]) {
      const parameters = { region, endpoint: "https://example.com/path", ...both };
      expect(ours(parameters)).toBe(theirs(parameters));
    }
  });

  test("no region", () => {
    expect(ours(both)).toBe("Invalid Configuration: Missing Region");
    expect(theirs(both)).toBe("Invalid Configuration: Missing Region");
  });
});

/** The hosts that are spelled otherwise than one would think, written out. */
test.each([
  [{ region: "us-east-1", useDualStack: true }, "https://metering-marketplace.us-east-1.api.aws/"],
  [{ region: "us-gov-west-1", useDualStack: true }, "https://metering-marketplace.us-gov-west-1.api.aws/"],
  [{ region: "cn-north-1", useDualStack: true }, "https://metering-marketplace.cn-north-1.api.amazonwebservices.com.cn/"],
  [{ region: "eusc-de-east-1" }, "https://metering-marketplace.eusc-de-east-1.amazonaws.eu/"],
  [{ region: "us-east-1", useFips: true, useDualStack: true }, "https://metering.marketplace-fips.us-east-1.api.aws/"],
  [{ region: "us-east-1", useFips: true, endpoint: "https://x.test" }, "Invalid Configuration: FIPS and custom endpoint are not supported"],
  [{ region: "us-east-1", useDualStack: true, endpoint: "https://x.test" }, "Invalid Configuration: Dualstack and custom endpoint are not supported"],
] as const)("%j is %s", (parameters, place) => {
  expect(ours(parameters)).toBe(place);
}); // prettier-ignore

test.each(["us-east-1.evil.test/", "a b", "us-east-1#", "-x"])(
  "a region that is no part of a host name is refused: %s",
  (region) => {
    expect(ours({ region })).toMatch(/cannot be part of a host name/);
  },
);
