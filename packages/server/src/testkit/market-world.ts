/** What comes into a market from outside: real time and randomness, whatever a test does to the timers of its runner. */
import { realWorld, type World } from "../world.ts";

// Taken when this is loaded: runners put others in their place, which stand still.
const { setImmediate: soon, setInterval: every, setTimeout: later, clearInterval: stop } = globalThis;

let keyPair: ReturnType<World["keyPair"]> | undefined;

/** The key that registrations are signed with takes some tenths of a second to be found: the markets of a process share one. */
function sharedKeyPair(): ReturnType<World["keyPair"]> {
  keyPair ??= realWorld.keyPair();
  return keyPair;
}

export const marketWorld: World = {
  ...realWorld,
  keyPair: sharedKeyPair,
  sleep: (ms) => new Promise((resume) => later(resume, ms)),
  every: (ms, run) => {
    const timer = every(run, ms).unref();
    return () => stop(timer);
  },
  schedule: (run) => {
    soon(run);
  },
};
