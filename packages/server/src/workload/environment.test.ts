import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { sealerOf, type Sealer } from "../identity/seal.ts";
import { commonEnvironment, containerEnvironment, instanceEnvironment, podEnvironment } from "./environment.ts";

const ORIGIN = "https://metering.example";
const POD: MeteredResource = {
  resourceId: "eks-1",
  platform: "eks",
  externalId: "uid",
  accountId: "444455556666",
  region: "eu-west-1",
  roleName: "app",
  startedAtMs: 0,
  heardAtMs: 0,
  registrations: [],
};

const sealerFor = (seed: string): Sealer => sealerOf(createHash("sha256").update(seed).digest(), randomBytes);

test("a program finds the metering service, in its own region", () => {
  expect(commonEnvironment(ORIGIN, POD)).toEqual({
    AWS_REGION: "eu-west-1",
    AWS_DEFAULT_REGION: "eu-west-1",
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: ORIGIN,
  });
});

test("a pod's environment is what EKS's webhook gives it, but for the address of STS", () => {
  expect(podEnvironment(ORIGIN, POD)).toEqual({
    AWS_ROLE_ARN: "arn:aws:iam::444455556666:role/app",
    AWS_WEB_IDENTITY_TOKEN_FILE: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    AWS_ENDPOINT_URL_STS: ORIGIN,
    AWS_STS_REGIONAL_ENDPOINTS: "regional",
  });
  expect(podEnvironment(ORIGIN, { ...POD, roleName: undefined })).not.toHaveProperty("AWS_ROLE_ARN");
});

test("Rule C8: a task's token is its own, and the same as long as the secrets key is", () => {
  const environment = containerEnvironment(ORIGIN, POD, sealerFor("one"));
  expect(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).toBe(`${ORIGIN}/workload/credentials/eks-1`);
  expect(environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]).toMatch(/^[\w-]{43}$/);
  expect(containerEnvironment(ORIGIN, POD, sealerFor("one"))).toEqual(environment);
  expect(containerEnvironment(ORIGIN, POD, sealerFor("two"))).not.toEqual(environment);
  expect(containerEnvironment(ORIGIN, { ...POD, resourceId: "eks-2" }, sealerFor("one"))).not.toMatchObject({
    AWS_CONTAINER_AUTHORIZATION_TOKEN: environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
  });
});

test("an instance without a metadata service is told of none", () => {
  expect(instanceEnvironment(undefined)).toEqual({});
  expect(instanceEnvironment("http://127.0.0.1:1")).toEqual({
    AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1",
  });
});
