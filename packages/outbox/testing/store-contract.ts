/**
 * What every store promises, in one suite. A store's own tests run it and add what only that store can get wrong.
 * Test code: it is not shipped.
 */
import { describe, onTestFinished } from "vitest";
import { entryPromises } from "./contract/entries.ts";
import { movingPromises } from "./contract/moving.ts";
import { recordingPromises } from "./contract/recording.ts";
import { troublePromises } from "./contract/trouble.ts";
import type { MakeStore, StoreUnderTest } from "./contract/store-under-test.ts";

export function storeContract(name: string, makeStore: MakeStore): void {
  const fresh = async (): Promise<StoreUnderTest> => {
    const made = await makeStore();
    onTestFinished(() => made.remove());
    return made;
  };
  describe(`an outbox kept ${name}`, () => {
    recordingPromises(fresh);
    movingPromises(fresh);
    entryPromises(fresh);
    troublePromises(fresh);
  });
}
