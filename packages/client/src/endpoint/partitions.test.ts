import { describe, expect, test } from "vitest";
import { checkRegion, partitionOf } from "./partitions.ts";
import { stsEndpointOf } from "./sts-endpoint.ts";

describe("a region is of the partition", () => {
  test.each([
    ["us-east-1", "aws"],
    ["mx-central-12", "aws"],
    ["aws-global", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-north-12", "aws-cn"],
    ["aws-cn-global", "aws-cn"],
    ["eusc-de-east-1", "aws-eusc"],
    ["eusc-de-east-12", "aws-eusc"],
    ["us-iso-east-12", "aws-iso"],
    ["us-isob-east-12", "aws-iso-b"],
    ["eu-isoe-west-12", "aws-iso-e"],
    ["us-isof-south-12", "aws-iso-f"],
    ["us-gov-west-12", "aws-us-gov"],
    ["aws-us-gov-global", "aws-us-gov"],
  ])("%s → %s", (region, name) => {
    expect(partitionOf(region).name).toBe(name);
  });

  test.each(["cn-north", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "us-gov-west-1"].flatMap((region) => [`x${region}`, `${region}x`]))(
    "aws, where it only contains one of another: %s",
    (region) => {
      expect(partitionOf(region).name).toBe("aws");
    },
  ); // prettier-ignore

  test("aws, where that one has no global region", () => {
    expect(partitionOf("aws-eusc-global").name).toBe("aws");
  });
});

test("a region is a label of a host name, or refused", () => {
  for (const region of ["a", "a1", "x".repeat(63), "A-1"]) expect(() => checkRegion(region)).not.toThrow();
  for (const region of ["", "-a", "a-", "a.b", "x".repeat(64), "a/b"]) {
    expect(() => checkRegion(region)).toThrow(`The region ${JSON.stringify(region)} cannot be part of a host name.`);
  }
});

const at = (region: string | undefined, useFips = false, useDualStack = false): string =>
  stsEndpointOf({ region, useFips, useDualStack }, undefined).host;

const own = (useFips: boolean, useDualStack: boolean): string =>
  stsEndpointOf({ region: "us-east-1", useFips, useDualStack }, "http://127.0.0.1:7420").host;

describe("STS is asked at", () => {
  test("the host of the region and its partition, of FIPS, of both families of addresses", () => {
    expect([at(undefined), at("eu-west-1"), at("aws-global"), at("cn-north-1")]).toEqual([
      "sts.us-east-1.amazonaws.com",
      "sts.eu-west-1.amazonaws.com",
      "sts.amazonaws.com",
      "sts.cn-north-1.amazonaws.com.cn",
    ]);
    expect([at("us-east-1", true), at("us-gov-west-1", true)]).toEqual([
      "sts-fips.us-east-1.amazonaws.com",
      "sts.us-gov-west-1.amazonaws.com",
    ]);
    expect([at("us-east-1", false, true), at("us-east-1", true, true)]).toEqual([
      "sts.us-east-1.api.aws",
      "sts-fips.us-east-1.api.aws",
    ]);
  });

  test("an address of one's own, which is neither of FIPS nor of both families", () => {
    expect(own(false, false)).toBe("127.0.0.1:7420");
    expect(() => own(true, false)).toThrow("FIPS and custom endpoint are not supported");
    expect(() => own(false, true)).toThrow("Dualstack and custom endpoint are not supported");
  });
});
