/**
 * What comes into a market from outside: real time and randomness. Timers are Node's own: those of the global object are
 * replaced by runners, and stand still then.
 */
import { clearInterval, setImmediate, setInterval } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import { realWorld, type World } from "../world.ts";

let keyPair: ReturnType<World["keyPair"]> | undefined;

/**
 * The key that registrations are signed with takes some tenths of a second to be found: the markets of a process begin with the
 * same one. When it is rotated, another one takes its place.
 */
function sharedAtFirst(): World["keyPair"] {
  let isFirst = true;
  return () => {
    if (!isFirst) return realWorld.keyPair();
    isFirst = false;
    keyPair ??= realWorld.keyPair();
    return keyPair;
  };
}

export const marketWorld = (): World => ({
  ...realWorld,
  keyPair: sharedAtFirst(),
  sleep: (ms) => delay(ms),
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  schedule: (run) => {
    setImmediate(run);
  },
});
