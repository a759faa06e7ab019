/**
 * `--demo-data`: a month of believable sellers, played through the wire and the operator API of the server itself, hour by hour of a
 * clock that is moved. It is no part of the ledger's own doing: whatever it makes, a program could have made.
 */
import { operatorClient } from "../operator/client/index.ts";
import { HAPPENINGS } from "./happenings.ts";
import { LOGS, acme, addMarket, customers, type DemoCustomer } from "./market.ts";
import { wireCaller, type Answered, type WireCaller } from "./wire-caller.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long the month is, and how long before now its clock begins. */
const DEMO_DAYS = 31;

interface PlayOptions {
  readonly endpoint: string;
  readonly operatorToken: string;
  readonly wallMs: () => number;
  /** Told of each day that has been played. */
  readonly onDay: (day: number, days: number) => void;
  readonly signal: AbortSignal;
}

/** Plays it to its end, or until it is told to stop. Throws where the server refuses what it should not. */
export async function playDemoData({ endpoint, operatorToken, wallMs, onDay, signal }: PlayOptions): Promise<void> {
  const api = operatorClient({ endpoint, token: operatorToken });
  const wire = wireCaller(endpoint, wallMs);
  const { now } = await api.call("GET /clock");
  const startMs = Math.ceil(Date.parse(now) / HOUR_MS) * HOUR_MS;
  await addMarket(api, new Date(startMs - 30 * DAY_MS).toISOString());
  for (let hour = 0; hour < DEMO_DAYS * 24; hour += 1) {
    if (signal.aborted) return;
    // Just after the hour: what was used in it is over, and it is sent.
    const nowMs = startMs + hour * HOUR_MS + 90_000;
    await api.call("PUT /clock", { body: { now: new Date(nowMs).toISOString() } });
    await sendHour(wire, hour, nowMs);
    for (const [at, happening] of HAPPENINGS) {
      if (at === hour) await settled(happening({ api, wire, endpoint, nowMs }));
    }
    if (hour % 24 === 23) onDay((hour + 1) / 24, DEMO_DAYS);
  }
}

/** An answer that a fault on demand cut off is part of the play. */
async function settled(happening: Promise<unknown>): Promise<void> {
  await happening.catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error;
  });
}

/** One exporter sends everybody's hour, again where it is throttled, or where nobody answers. */
async function sendHour(wire: WireCaller, hour: number, nowMs: number): Promise<void> {
  const UsageRecords = customers
    .filter((customer) => isUsing(customer, hour, nowMs))
    .flatMap((customer) => recordsOf(customer, hour, nowMs));
  if (UsageRecords.length === 0) return;
  await sendUntilTaken(() => wire.call(acme, "BatchMeterUsage", { ProductCode: LOGS, UsageRecords }));
  if (hour % 6 !== 0) return;
  // A customer who is known by account and licence only: the licence says of what product.
  const LicenseArn = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000003";
  const spans = { Timestamp: Math.floor(nowMs / 1_000), CustomerAWSAccountId: "222233334444", LicenseArn };
  const UsageRecord = { ...spans, Dimension: "spans", Quantity: 3 + Math.round(9 * noise(hour)) };
  await sendUntilTaken(() => wire.call(acme, "BatchMeterUsage", { UsageRecords: [UsageRecord] }));
}

const TRIES_MAX = 6;

async function sendUntilTaken(send: () => Promise<Answered>): Promise<void> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      const { status, body } = await send();
      if (status === 200 || body["__type"] !== "ThrottlingException") return;
    } catch (error) {
      // The connection was cut: whether it was metered is not known, so it is sent again as it was.
      if (!(error instanceof TypeError) || tries === TRIES_MAX) throw error;
    }
  }
}

/** One is silent after two weeks, one has cancelled, and an exporter is down for a few hours now and then. */
function isUsing(customer: DemoCustomer, hour: number, nowMs: number): boolean {
  if (customer.identifier === "demoCustomer2" && hour > 14 * 24) return false;
  if (customer.identifier === "meridian" && hour > 520) return false;
  if (hour % 171 > 165 && customer.size > 30) return false;
  const day = new Date(nowMs).getUTCDay();
  return !customer.isOffice || (day !== 0 && day !== 6) || hour % 5 === 0;
}

function recordsOf(customer: DemoCustomer, hour: number, nowMs: number): object[] {
  const busy = busyness(new Date(nowMs).getUTCHours(), customer.isOffice);
  const quantity = Math.max(1, Math.round(customer.size * busy * (0.8 + 0.4 * noise(hour * 7 + customer.size))));
  const common = { Timestamp: Math.floor(nowMs / 1_000), CustomerIdentifier: customer.identifier };
  return [
    { ...common, Dimension: "gb_ingested", Quantity: quantity },
    { ...common, Dimension: "queries", Quantity: quantity * 3 + Math.round(20 * noise(hour + 5)) },
    ...(hour % 24 === 8 ? [{ ...common, Dimension: "seats", Quantity: Math.ceil(customer.size / 8) }] : []),
  ];
}

/** From a fifth at night to all of it at noon. */
function busyness(hourOfDay: number, isOffice: boolean): number {
  const wave = (1 + Math.cos(((hourOfDay - 13) / 24) * 2 * Math.PI)) / 2;
  return isOffice ? 0.15 + 0.85 * wave ** 2 : 0.5 + 0.5 * wave;
}

/** The same every time, between 0 and 1. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}
