/** The books of a seller who has lived with an outbox: what was recorded, what became of it, and what the ledger says. */
import type { Entry, Outbox, OutboxStore } from "@countinghouse/outbox";
import type { RunningServer } from "./server.ts";

/** By identifier, by account, by licence: as AWS knows their customers. */
export const PRODUCTS = ["p-by-identifier", "p-by-account", "p-by-licence"] as const;
export const PER = 10n;

/** What a life is asked for in the end. */
interface Lived {
  readonly readings: number;
  readonly calls: number;
  readonly recorded: bigint;
}

/** Units of dimensions, but for what was recorded: that is in what the meters measure, times 10^-3. */
export interface MonthResult {
  readonly readings: number;
  readonly calls: number;
  readonly equation: Readonly<Record<string, bigint>>;
  /** recorded = the sum of all else. */
  readonly balanced: boolean;
  readonly entries: Readonly<Record<string, number>>;
  readonly ledgerUnits: bigint;
  readonly deliveredUnits: bigint;
  /** Records of the ledger that are no delivered entry's, or of another quantity, and the other way round. */
  readonly differences: readonly string[];
  readonly verified: boolean;
}

export async function operate(server: RunningServer, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await server.operator(method, path, body);
  if (answer.status >= 300)
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** As a person does, who finds a record in the trail, or finds none. */
export async function resolveDoubts(outbox: Outbox, store: OutboxStore, server: RunningServer): Promise<void> {
  const kept = new Map<string, number>();
  for await (const { identity, hour, quantity } of ledgerOf(server)) kept.set(`${identity} ${hour}`, quantity);
  for (const { entryId, identity, hourMs, units } of await store.entries({ states: ["doubtful"] })) {
    const isKept = kept.get(`${identity} ${new Date(hourMs).toISOString()}`) === units;
    await outbox.resolve(entryId, isKept ? "delivered" : "not-kept", "looked up in the trail");
  }
}

export async function resultOf(
  life: Lived,
  outbox: Outbox,
  store: OutboxStore,
  server: RunningServer,
  missed: readonly Entry[],
): Promise<MonthResult> {
  const verification = await outbox.verify();
  const status = await outbox.status();
  const rows = await store.entries({});
  const balances = await store.balances();
  const equation: Record<string, bigint> = {};
  const add = (name: string, amount: bigint): void => {
    equation[name] = (equation[name] ?? 0n) + amount;
  };
  for (const { fate, sum } of verification.totals) {
    if (["waiting", "gathering", "dissolved", "late", "not-bound", "after-end", "discarded"].includes(fate))
      add(fate, thousandths(sum));
  }
  const delivered = new Map<string, number>();
  let deliveredUnits = 0n;
  for (const { state, units, sum, leftOver, identity, hourMs } of rows) {
    if (state === "refused" || state === "expired") add(state, thousandths(sum) - thousandths(leftOver));
    else if (state !== "dissolved" && state !== "gathering") add(state, BigInt(units) * PER * 1000n);
    if (state !== "delivered") continue;
    deliveredUnits += BigInt(units);
    delivered.set(`${identity} ${new Date(hourMs).toISOString()}`, units);
  }
  for (const { amount } of balances) add("balances", thousandths(amount));
  const total = Object.values(equation).reduce((sum, amount) => sum + amount, 0n);
  const { differences, ledgerUnits } = await compare(server, delivered, (identity, hour) =>
    storyOf(store, rows, identity, hour),
  );
  for (const { identity, hourMs } of missed) {
    const hour = new Date(hourMs).toISOString();
    differences.push(`not tried in time: ${identity} ${hour}: ${await storyOf(store, rows, identity, hour)}`);
  }
  const counts = Object.fromEntries(status.entries.map(({ state, count }) => [state, count]));
  return {
    readings: life.readings,
    calls: life.calls,
    equation: { recorded: life.recorded, ...equation },
    balanced: total === life.recorded,
    entries: counts,
    ledgerUnits,
    deliveredUnits,
    differences,
    verified: verification.ok,
  };
}

function thousandths(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  const size = BigInt(whole.replace("-", "") + fraction.padEnd(3, "0"));
  return text.startsWith("-") ? -size : size;
}

/** What became of the entries of a key, in the words of their rows: what a difference is to be understood by. */
async function storyOf(store: OutboxStore, rows: readonly Entry[], identity: string, hour: string): Promise<string> {
  const own = rows.filter((entry) => entry.identity === identity && new Date(entry.hourMs).toISOString() === hour);
  const attempts = await store.attemptsOf(own.map(({ entryId }) => entryId));
  return own
    .map(({ entryId, state, why, units }) => {
      const ends = attempts
        .filter((attempt) => attempt.entryId === entryId)
        .map(({ startedMs, end, errorName }) => `${new Date(startedMs).toISOString()} ${end} ${errorName ?? ""}`);
      return `${units} ${state} ${why ?? ""} [${ends.join(", ")}]`;
    })
    .join("; ");
}

async function compare(
  server: RunningServer,
  delivered: ReadonlyMap<string, number>,
  storyAt: (identity: string, hour: string) => Promise<string>,
) {
  const differences: string[] = [];
  const seen = new Set<string>();
  let ledgerUnits = 0n;
  for await (const { identity, hour, quantity } of ledgerOf(server)) {
    const key = `${identity} ${hour}`;
    ledgerUnits += BigInt(quantity);
    if (seen.has(key)) differences.push(`twice in the ledger: ${key}`);
    seen.add(key);
    const units = delivered.get(key);
    if (units === quantity) continue;
    const story = await storyAt(identity, hour);
    differences.push(`${key}: ${quantity} in the ledger, ${units} delivered; in the outbox: ${story}`);
  }
  for (const key of delivered.keys()) if (!seen.has(key)) differences.push(`not in the ledger: ${key}`);
  return { differences, ledgerUnits };
}

interface LedgerUnits {
  readonly identity: string;
  readonly hour: string;
  readonly quantity: number;
}

async function* ledgerOf(server: RunningServer): AsyncGenerator<LedgerUnits> {
  for (let cursor = ""; ;) {
    const page = (await operate(server, "GET", `/metering-records?${cursor}`)) as LedgerPage;
    for (const record of page.items) {
      const { quantity, timestamp } = record;
      yield { identity: identityOf(record), hour: `${timestamp.slice(0, 13)}:00:00.000Z`, quantity };
    }
    if (page.nextCursor === undefined) return;
    cursor = `cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

interface LedgerPage {
  readonly items: readonly {
    readonly quantity: number;
    readonly timestamp: string;
    readonly productCode: string;
    readonly customerIdentifier?: string;
    readonly customerAccountId?: string;
    readonly licenseArn?: string;
  }[];
  readonly nextCursor?: string;
}

function identityOf({
  productCode,
  customerIdentifier,
  customerAccountId,
  licenseArn,
}: LedgerPage["items"][number]): string {
  if (licenseArn !== undefined && productCode === PRODUCTS[2])
    return JSON.stringify(["licence", licenseArn, customerAccountId]);
  if (productCode === PRODUCTS[1]) return JSON.stringify(["account", productCode, customerAccountId]);
  return JSON.stringify(["identifier", productCode, customerIdentifier]);
}

/** A line that says all of it, to the thousandth. */
export function equationText({ equation, balanced }: MonthResult): string {
  const { recorded = 0n, ...rest } = equation;
  const terms = Object.entries(rest).map(([name, amount]) => `${name} ${decimal(amount)}`);
  return `recorded ${decimal(recorded)} ${balanced ? "=" : "is not"} ${terms.join(" + ")}`;
}

function decimal(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  return `${amount < 0n ? "-" : ""}${size / 1000n}.${String(size % 1000n).padStart(3, "0")}`;
}
