/**
 * Requests that were made to cost (`npm run bench:hostile`), against a service in this process, so that what is made of them can
 * be counted: texts that cannot be decoded, and parameters. Each is answered, and is refused where it asks for anything.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "../../bench/hostile/client.ts";
import { hostileInputs } from "../../bench/hostile/inputs.ts";
import { compose, type Service } from "../../packages/server/src/compose.ts";
import { configOf } from "../../packages/server/src/config.ts";
import { realWorld } from "../../packages/server/src/world.ts";

const PARAMETERS_MAX = 32;

const counted = { undecodable: 0, parameters: 0 };
/** Over all inputs: shows that what is counted is what the service uses. */
const most = { undecodable: 0, parameters: 0 };
const plain = { decodeURIComponent, decodeURI, URLSearchParams };

function counting(decode: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return decode(text);
    } catch (error) {
      counted.undecodable += 1;
      throw error;
    }
  };
}

class CountedParameters extends URLSearchParams {
  constructor(...given: ConstructorParameters<typeof URLSearchParams>) {
    super(...given);
    counted.parameters = Math.max(counted.parameters, this.size);
  }
}

let service: Service;
let endpoint: string;

beforeAll(async () => {
  const flags = { host: "127.0.0.1", port: "0", store: "memory:", rules: "current", clock: "system", quotas: "off" };
  const config = configOf({ ...flags, requestTimeoutSeconds: "30", freeSpaceMinMib: "0", queuedRequestsMax: "100" });
  service = await compose({ config, world: realWorld, log: { error: () => undefined, warn: () => undefined } });
  service.server.listen(0, "127.0.0.1");
  await once(service.server, "listening");
  endpoint = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
  Object.assign(globalThis, {
    decodeURIComponent: counting(plain.decodeURIComponent),
    decodeURI: counting(plain.decodeURI),
    URLSearchParams: CountedParameters,
  });
});

afterAll(async () => {
  Object.assign(globalThis, plain);
  await service.close();
});

test.for(hostileInputs())("$name: it is decoded once, if at all", async ({ bytes }) => {
  Object.assign(counted, { undecodable: 0, parameters: 0 });
  const client = await Client.open(endpoint);
  const answer = await client.exchange(bytes);
  client.close();
  expect(answer).toMatch(bytes.subarray(0, 4).toString() === "POST" ? /^HTTP\/1\.1 4/ : /^HTTP\/1\.1 [24]/);
  expect(counted.undecodable).toBeLessThanOrEqual(1);
  expect(counted.parameters).toBeLessThanOrEqual(PARAMETERS_MAX);
  most.undecodable = Math.max(most.undecodable, counted.undecodable);
  most.parameters = Math.max(most.parameters, counted.parameters);
});

test("and the counters do see the service", () => {
  expect(most.undecodable).toBe(1);
  expect(most.parameters).toBeGreaterThan(0);
});
