/** Senders that are killed, or stopped, anywhere: nothing is lost, and no unit is billed twice. */
import { describe, expect, test } from "vitest";
import { openOutbox, type Outbox } from "@countinghouse/outbox";
import { marketOfTest } from "../support/demo-market.ts";
import { startSender, type SenderSettings } from "../support/outbox-sender.ts";
import { STORES, storeAt, type NewStore } from "../support/outbox-store.ts";
import { seededRandom } from "../support/random.ts";
import { FIRST, METERS, SECOND, moveTo, recordsOf } from "../support/outbox.ts";
import type { Served } from "../support/server.ts";

const HOUR = Date.parse("2026-11-10T10:00:00Z");
const MINUTE_MS = 60_000;
/** A dozen processes are started, on a machine that may do other things. */
const PATIENCE_MS = 300_000;

interface Market {
  readonly server: Served;
  readonly path: string;
  /** Opens the store for a moment, in this process. */
  with<T>(work: (outbox: Outbox) => Promise<T>): Promise<T>;
  /** Runs a sender to its end, some minutes after the one before. */
  run(more?: Partial<SenderSettings>): Promise<NodeJS.Signals | number | null>;
  settings(more?: Partial<SenderSettings>): SenderSettings;
  later(): Promise<void>;
}

async function market(newStore: NewStore): Promise<Market> {
  const server = await marketOfTest({ now: "2026-11-10T12:05:00Z", rules: "current" });
  const path = await newStore();
  let minutes = 0;
  const open = (): Promise<Outbox> =>
    openOutbox({
      name: "acme-test",
      store: storeAt(path),
      meters: METERS,
      holdOpenSeconds: 3_600,
      requestsPerSecond: 1_000,
    });
  const first = await open();
  await first.bind([
    { tenant: "t-1", ...FIRST, from: new Date(HOUR - 86_400_000) },
    { tenant: "t-2", ...SECOND, from: new Date(HOUR - 86_400_000) },
  ]);
  await first.close();
  const settings = (more: Partial<SenderSettings> = {}): SenderSettings => ({
    endpoint: server.endpoint,
    store: path,
    machineAheadMs: minutes * MINUTE_MS,
    ...more,
  });
  const later = async (): Promise<void> => {
    minutes += 10;
    await moveTo(server, new Date(Date.parse("2026-11-10T12:05:00Z") + minutes * MINUTE_MS).toISOString());
  };
  return {
    server,
    path,
    settings,
    later,
    with: async (work) => {
      const outbox = await open();
      try {
        return await work(outbox);
      } finally {
        await outbox.close();
      }
    },
    run: async (more) => {
      await later();
      const { code, signal, stderr } = await startSender(settings(more)).ended;
      if (signal === null && code !== 0) throw new Error(stderr);
      return signal ?? code;
    },
  };
}

/** Everything has ended, all adds up, and the ledger has each unit once. */
async function expectAllDelivered({ server, ...rest }: Market, units: number): Promise<void> {
  await rest.with(async (outbox) => {
    expect(await outbox.verify()).toMatchObject({ ok: true, problems: [] });
    const { entries, waitingReadings } = await outbox.status();
    expect(waitingReadings).toBe(0);
    const states = Object.fromEntries(entries.map(({ state, units: of }) => [state, of]));
    expect(Object.keys(states).filter((state) => !["delivered", "dissolved"].includes(state))).toEqual([]);
    const records = await recordsOf(server);
    expect(records.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(units);
    expect(states["delivered"]).toBe(units);
    const keys = records.map(({ customerIdentifier, customerAccountId, dimension, timestamp }) =>
      [customerIdentifier ?? customerAccountId, dimension, timestamp.slice(0, 13)].join(" "),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
}

const many = (tenant: string, count: number, from: number, hourMs = HOUR) =>
  Array.from({ length: count }, (_, n) => ({
    readingId: `${from + n}`,
    tenant,
    meter: "queries",
    quantity: 1,
    at: new Date(hourMs + (n % 3_600) * 1000),
  }));

/** With `OUTBOX_KILLS=all` each point has a history of its own, too, and there are more kills at random: some minutes. */
const ALL = process.env["OUTBOX_KILLS"] === "all";

describe.each(STORES)("a sender that is killed (kill -9), in %s", (_name, newStore) => {
  test(
    "at each point, one life after the other",
    async () => {
      const place = await market(newStore);
      const kill = async (...points: readonly string[]): Promise<void> => {
        for (const point of points) {
          expect(await place.run({ at: { point, nth: 0, signal: "SIGKILL" } }), point).toBe("SIGKILL");
        }
      };
      await place.with((outbox) => outbox.record([...many("t-1", 5_500, 0), ...many("t-2", 50, 10_000)]));
      await kill("run-begun", "readings-assigned", "entry-frozen");
      // More comes for an entry that was not sent.
      await place.with((outbox) => outbox.record(many("t-1", 500, 20_000)));
      await kill("entry-dissolved", "readings-released", "attempts-begun", "answered", "attempts-ended");
      expect(await place.run()).toBe(0);
      await expectAllDelivered(place, 6_050);
      await place.with((outbox) => outbox.record(many("t-1", 40, 30_000)));
      await kill("late-ended");
      expect(await place.run()).toBe(0);
      await expectAllDelivered(place, 6_050);
      await place.with(async (outbox) =>
        expect(await outbox.status()).toMatchObject({ endedReadings: [{ end: "late", count: 40 }] }),
      );
    },
    PATIENCE_MS,
  );

  const POINTS = ALL
    ? [
        "run-begun",
        "readings-assigned",
        "entry-frozen",
        "entry-dissolved",
        "readings-released",
        "attempts-begun",
        "answered",
        "attempts-ended",
        "late-ended",
      ]
    : [];

  test.each(POINTS)(
    "at the point %s alone",
    async (point) => {
      const place = await market(newStore);
      await place.with((outbox) => outbox.record([...many("t-1", 5_500, 0), ...many("t-2", 50, 10_000)]));
      const killed = async (at: string): Promise<boolean> =>
        (await place.run({ at: { point: at, nth: 0, signal: "SIGKILL" } })) === "SIGKILL";
      // An entry is frozen, and not sent; then more comes for it.
      expect(await killed("entry-frozen")).toBe(true);
      await place.with((outbox) => outbox.record(many("t-1", 500, 20_000)));
      const early = await killed(point);
      expect(await place.run()).toBe(0);
      expect(await place.run()).toBe(0);
      await expectAllDelivered(place, 6_050);
      // And now too late.
      await place.with((outbox) => outbox.record(many("t-1", 40, 30_000)));
      const late = await killed(point);
      expect(early || late).toBe(true);
      await place.run();
      await expectAllDelivered(place, 6_050);
      await place.with(async (outbox) =>
        expect(await outbox.status()).toMatchObject({ endedReadings: [{ end: "late", count: 40 }] }),
      );
    },
    PATIENCE_MS,
  );

  test(
    "O1: at any moment, while it records and delivers: what it acknowledged is there, once",
    async () => {
      const random = seededRandom("outbox kills");
      const place = await market(newStore);
      const acknowledged = new Set<string>();
      for (let life = 0; life < (ALL ? 12 : 3); life += 1) {
        await place.later();
        const record = { from: life * 20_000, count: 20_000, tenants: ["t-1", "t-2"], atMs: HOUR - life * 3_600_000 };
        const sender = startSender(place.settings({ record }));
        await expect.poll(() => sender.lines().length, { timeout: 30_000 }).toBeGreaterThan(0);
        await new Promise((resume) => setTimeout(resume, random.whole(0, 400)));
        sender.process.kill("SIGKILL");
        expect((await sender.ended).signal).toBe("SIGKILL");
        for (const id of sender.lines()) acknowledged.add(id);
      }
      for (let run = 0; run < 3; run += 1) expect(await place.run()).toBe(0);
      await place.with(async (outbox) => {
        const { totals } = await outbox.verify();
        const kept = totals.reduce((sum, { readings }) => sum + readings, 0);
        expect(kept).toBeGreaterThanOrEqual(acknowledged.size);
        const late = totals.filter(({ fate }) => fate === "late").reduce((sum, { readings }) => sum + readings, 0);
        await expectAllDelivered(place, kept - late);
        const again = await outbox.record(
          [...acknowledged].map((readingId) => {
            const number = Number(readingId.slice(2));
            const life = Math.floor(number / 20_000);
            const at = new Date(HOUR - life * 3_600_000 + (number % 3_600) * 1000);
            return { readingId, tenant: ["t-1", "t-2"][number % 2] ?? "", meter: "queries", quantity: 1, at };
          }),
        );
        expect(again.filter(({ answer }) => answer !== "known")).toEqual([]);
      });
    },
    PATIENCE_MS,
  );
});

const STOPS = [
  ["attempts-begun", undefined],
  ["attempts-begun", 600_000],
  ["answered", undefined],
] as const;

describe.each(STORES)("two senders, one of which is stopped across its lease (O6), in %s", (name, newStore) => {
  test.each(ALL || name === "PostgreSQL" ? STOPS : STOPS.slice(0, 1))(
    "at %s, for %s ms by its own clock: each unit is billed once, and the first one's evidence is taken",
    async (point, jumpMs) => {
      const place = await market(newStore);
      await place.with((outbox) => outbox.record([...many("t-1", 30, 0), ...many("t-2", 50, 10_000)]));
      await place.later();
      const at = { point, nth: 0, signal: "SIGSTOP", ...(jumpMs === undefined ? {} : { jumpMs }) } as const;
      const stopped = startSender(place.settings({ at }));
      await expect.poll(() => stopped.lines(), { timeout: 30_000 }).toContain("stopped");
      expect(await place.run()).toBe(0);
      await expectAllDelivered(place, 80);
      stopped.process.kill("SIGCONT");
      expect(await stopped.ended).toMatchObject({ code: 0 });
      await expectAllDelivered(place, 80);
      await place.with(async (outbox) => {
        const { entries } = await outbox.explain({ tenant: "t-1", meter: "queries", hour: new Date(HOUR) });
        const ends = entries.flatMap(({ attempts }) => attempts.map(({ end }) => end));
        expect(ends).toEqual(jumpMs === undefined ? ["accepted", "accepted"] : ["not-kept", "accepted"]);
      });
    },
    PATIENCE_MS,
  );
});
