/** The client under test, as suites make it. */
import { MarketplaceMeteringClient, type ClientConfiguration, type World } from "@countinghouse/client";
import { onTestFinished } from "vitest";
import { DEMO } from "./server.ts";

export const CREDENTIALS = { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey };

/** Closed at the end of the test. */
export function clientOf(endpoint: string, configuration: ClientConfiguration = {}): MarketplaceMeteringClient {
  const client = new MarketplaceMeteringClient({
    region: "us-east-1",
    endpoint,
    credentials: CREDENTIALS,
    ...configuration,
  });
  onTestFinished(() => client.close());
  return client;
}

/** A world without waiting: delays are noted and end at once, and random numbers are all the same. */
export function quickWorld(random = 0.5): { readonly world: Partial<World>; readonly delays: number[] } {
  const delays: number[] = [];
  return {
    delays,
    world: {
      random: () => random,
      delay: (milliseconds, signal) => {
        delays.push(milliseconds);
        return signal?.aborted === true ? Promise.reject(new Error("aborted")) : Promise.resolve();
      },
    },
  };
}
