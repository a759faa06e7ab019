/** That the suites beside this one are in CBOR: what the official clients send and get, seen between them and their sockets. */
import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { GetEntitlementsCommand } from "@aws-sdk/client-marketplace-entitlement-service";
import { ResolveCustomerCommand } from "@aws-sdk/client-marketplace-metering";
import { HttpRequest, HttpResponse } from "@smithy/protocol-http";
import { afterAll, beforeAll, expect } from "vitest";
import { speakCbor } from "../../support/in-cbor.ts";
import { CONTRACT, officialClient, officialEntitlementClient, officialTrailClient } from "../../support/server.ts";
import { demoServer, testNeeding, type WireServer } from "../../support/wire-endpoint.ts";

speakCbor("official");

const test = testNeeding("nothing");

let server: WireServer;

beforeAll(async () => {
  server = await demoServer();
});

afterAll(() => server.stop());

/** A client's middleware, as far as it is looked at here. */
interface Watched {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: { input: object; request: unknown }) => Promise<{ response: unknown; output: never }>,
      ) => typeof next,
      options: { readonly step: "deserialize"; readonly priority: "low" },
    ): void;
  };
}

function watch({ middlewareStack }: Watched, seen: object[]): void {
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { request } = args;
      const { response } = result;
      if (!HttpRequest.isInstance(request) || !HttpResponse.isInstance(response)) throw new Error("This is not HTTP.");
      seen.push({
        path: request.path,
        sent: request.headers["content-type"],
        protocol: response.headers["smithy-protocol"],
        got: response.headers["content-type"],
      });
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
}

test("each official client sends CBOR to its operation's path, and gets CBOR, refusals too", async () => {
  const metering = officialClient(server.endpoint);
  const entitlements = officialEntitlementClient(server.endpoint);
  const trail = officialTrailClient(server.endpoint);
  const seen: object[] = [];
  for (const client of [metering, entitlements, trail]) watch(client as unknown as Watched, seen);
  const resolved = metering.send(new ResolveCustomerCommand({ RegistrationToken: "made up" }));
  await expect(resolved).rejects.toMatchObject({ name: "InvalidTokenException", $fault: "client" });
  await entitlements.send(new GetEntitlementsCommand({ ProductCode: CONTRACT.productCode }));
  await trail.send(new LookupEventsCommand({}));
  const inCbor = { sent: "application/cbor", protocol: "rpc-v2-cbor", got: "application/cbor" };
  expect(seen).toEqual([
    { path: "/service/AWSMPMeteringService/operation/ResolveCustomer", ...inCbor },
    { path: "/service/AWSMPEntitlementService/operation/GetEntitlements", ...inCbor },
    { path: "/service/CloudTrail_20131101/operation/LookupEvents", ...inCbor },
  ]);
});
