/** `serve --demo-data`: what it is refused on, what it is started with where nothing else was said, and playing it. */
import { existsSync, readdirSync } from "node:fs";
import type { Service } from "../compose.ts";
import { ConfigError, type ServeConfig, type ServeFlags } from "../config.ts";
import { realWorld } from "../world.ts";

const HOUR_MS = 3_600_000;
/** Its month ends about now. */
const BEFORE_NOW_MS = 31 * 24 * HOUR_MS;
const USUAL_STORE = "sqlite:./countinghouse-data";

/** A folder and a clock of its own. Throws ConfigError where it cannot be played. */
export function withDemoDefaults(flags: ServeFlags, wallMs: number): ServeFlags {
  if (flags.demoData === undefined || flags.demoData === false || flags.demoData === "off") return flags;
  if (flags.catalog !== undefined)
    throw new ConfigError("--demo-data goes with the demo catalogue, and not with --catalog.");
  if (flags.store.startsWith("postgres"))
    throw new ConfigError("--demo-data is for a folder of its own, or memory:, and not for PostgreSQL.");
  const start = new Date(Math.floor((wallMs - BEFORE_NOW_MS) / HOUR_MS) * HOUR_MS).toISOString();
  return {
    ...flags,
    store: flags.store === USUAL_STORE ? "sqlite:./countinghouse-demo" : flags.store,
    clock: flags.clock === "system" ? `offset:${start}` : flags.clock,
  };
}

/** Nothing is played into a ledger that holds anything: it could not be told from what somebody relies on. */
export function refuseHeldFolder({ demoData, store }: ServeConfig): void {
  if (!demoData || store.kind !== "sqlite" || !existsSync(store.folder)) return;
  if (readdirSync(store.folder).length === 0) return;
  throw new ConfigError(
    `--demo-data needs an empty folder of its own, and ${store.folder} holds something. To look at it again, start with --store sqlite:${store.folder} --clock offset; else name another folder with --store.`,
  );
}

/** Once the server listens. A failure is told, and ends nothing: what was played can be looked at. */
export async function playDemo(service: Service, endpoint: string, isStopping: () => boolean): Promise<void> {
  const { playDemoData } = await import("../demo-data/play.ts");
  const ending = new AbortController();
  process.stdout.write("Playing a month of sellers; the console shows it as it happens.\n");
  try {
    await playDemoData({
      endpoint,
      operatorToken: service.operatorToken,
      wallMs: realWorld.wallMs,
      onDay: (day, days) => {
        if (isStopping()) ending.abort();
        else if (day % 5 === 0 || day === days) process.stdout.write(`  day ${day} of ${days}\n`);
      },
      signal: ending.signal,
    });
    if (!isStopping()) process.stdout.write("The month has been played.\n");
  } catch (error) {
    if (!isStopping())
      process.stderr.write(`countinghouse: The month could not be played to its end: ${(error as Error).message}\n`);
  }
}
