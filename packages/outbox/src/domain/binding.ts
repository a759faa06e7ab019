/** Which AWS identity a tenant has, from when to when. Bindings are only ever added to; of one start, the last one counts. */
import { HOUR_MS } from "@countinghouse/protocol";

export interface Binding {
  readonly tenant: string;
  readonly productCode: string;
  /** See `identityText`. */
  readonly identity: string;
  readonly agreementId: string | undefined;
  /** From this instant on, a whole second. */
  readonly fromMs: number;
  /** Up to this instant, it excluded; undefined while there is no end. */
  readonly untilMs: number | undefined;
  /** Since when it is known (in service time) that the agreement ends; its hours then freeze early. */
  readonly endToldMs: number | undefined;
}

/** The bindings that hold, of all there ever were, in the order in which they were added. */
export function currentBindings(all: readonly Binding[]): Binding[] {
  const last = new Map<string, Binding>();
  for (const binding of all) {
    const { tenant, productCode, identity, fromMs } = binding;
    last.set(JSON.stringify([tenant, productCode, identity, fromMs]), binding);
  }
  return [...last.values()];
}

/** A part of an hour in which a tenant's readings have one fate. */
export interface Slice {
  readonly tenant: string;
  readonly meter: string;
  readonly hourMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export type SliceFate =
  | { readonly kind: "bound"; readonly binding: Binding }
  /** No binding covers it, nor did any before. */
  | { readonly kind: "not-bound" }
  /** Every binding had ended. */
  | { readonly kind: "after-end" }
  /** Bindings of several identities cover it: nobody can say which one is meant. */
  | { readonly kind: "ambiguous"; readonly identities: readonly string[] };

/** An hour of one tenant and meter, cut where its bindings begin and end. `bindings`: that hold, of this tenant and product. */
export function slicesOfHour(
  { tenant, meter, hourMs }: Pick<Slice, "tenant" | "meter" | "hourMs">,
  bindings: readonly Binding[],
): { readonly slice: Slice; readonly fate: SliceFate }[] {
  const endMs = hourMs + HOUR_MS;
  const edges = new Set([hourMs, endMs]);
  for (const { fromMs, untilMs } of bindings) {
    for (const edge of [fromMs, untilMs]) if (edge !== undefined && edge > hourMs && edge < endMs) edges.add(edge);
  }
  const sorted = [...edges].toSorted((a, b) => a - b);
  return sorted.slice(0, -1).map((fromMs, at) => {
    const untilMs = sorted[at + 1] as number;
    return { slice: { tenant, meter, hourMs, fromMs, untilMs }, fate: fateAt(fromMs, bindings) };
  });
}

function fateAt(atMs: number, bindings: readonly Binding[]): SliceFate {
  const covering = bindings.filter(
    ({ fromMs, untilMs }) => fromMs <= atMs && (untilMs === undefined || atMs < untilMs),
  );
  const [binding] = covering;
  if (binding !== undefined) {
    const identities = [...new Set(covering.map(({ identity }) => identity))];
    return identities.length === 1 ? { kind: "bound", binding } : { kind: "ambiguous", identities };
  }
  const ended = bindings.some(({ untilMs }) => untilMs !== undefined && untilMs <= atMs);
  const begins = bindings.some(({ fromMs }) => fromMs > atMs);
  return ended && !begins ? { kind: "after-end" } : { kind: "not-bound" };
}

/** How the time of an identity has ended, over all tenants that have it. */
export interface Ending {
  readonly untilMs: number;
  /** Since when it is known, in service time; undefined where nobody has told it. */
  readonly toldMs: number | undefined;
}

/**
 * How an identity that had an hour has ended by now; undefined while it goes on. An end may still be taken back: it goes on, too,
 * where another binding begins in the hour of its end. `bindings`: that hold, of this identity, of whatever tenant.
 */
export function endingOf(hourMs: number, bindings: readonly Binding[], serviceMs: number): Ending | undefined {
  let goesOnBeforeMs = hourMs + HOUR_MS;
  let ending: Ending | undefined;
  const later = bindings.filter(({ untilMs }) => untilMs === undefined || untilMs > hourMs);
  for (const { fromMs, untilMs, endToldMs } of later.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs >= goesOnBeforeMs) break;
    if (untilMs === undefined || untilMs > serviceMs) return undefined;
    goesOnBeforeMs = Math.max(goesOnBeforeMs, Math.floor(untilMs / HOUR_MS) * HOUR_MS + HOUR_MS);
    ending = {
      untilMs: Math.max(untilMs, ending?.untilMs ?? untilMs),
      toldMs: latest(endToldMs, ending?.toldMs),
    };
  }
  return ending;
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
