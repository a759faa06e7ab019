/**
 * Which names that usage is metered by were changed. No change does so any more (Rule G7), but earlier versions allowed it, and
 * usage that was metered then is shown under the names of that time.
 */
import { iso, type EpochMs } from "@countinghouse/protocol";
import type { LedgerEntry } from "./entry.ts";

const MEMBERS = {
  agreement: ["productCode", "customerAccountId", "customerIdentifier", "licenseArn"],
  product: ["seller", "type"],
} as const;

type NamedKind = keyof typeof MEMBERS;
type Names = Readonly<Record<string, string | undefined>>;

/** The names that an object had between two changes of its names, or has had since the last change. */
export interface NamesInTime {
  readonly kind: NamedKind;
  readonly id: string;
  readonly names: Names;
  readonly fromMs: EpochMs;
  readonly untilMs: EpochMs;
}

interface IdentityChange {
  readonly kind: NamedKind;
  readonly id: string;
  readonly member: string;
  readonly atMs: EpochMs;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

interface Named {
  readonly kind: NamedKind;
  readonly id: string;
  readonly puts: { readonly atMs: EpochMs; readonly names: Names }[];
}

/** Collects the names in each catalogue entry that it is shown, and nothing of other entries. */
export class IdentityHistory {
  readonly #objects = new Map<string, Named>();

  /** Takes entries in any order: entries of several lanes are read lane by lane. */
  see({ atMs, event }: LedgerEntry): void {
    if (event.kind !== "catalogue-changed") return;
    for (const { kind, id, value } of event.changes) {
      if ((kind !== "agreement" && kind !== "product") || value === undefined) continue;
      const key = `${kind} ${id}`;
      const object = this.#objects.get(key) ?? { kind, id, puts: [] };
      this.#objects.set(key, object);
      const names = Object.fromEntries(MEMBERS[kind].map((member) => [member, value[member] as string | undefined]));
      object.puts.push({ atMs, names });
    }
  }

  /** The changes in the order of their times. */
  changes(): IdentityChange[] {
    return [...this.#objects.values()]
      .flatMap(({ kind, id, puts }) =>
        differing(puts).flatMap(({ atMs, names }, i, all): IdentityChange[] => {
          const before = all[i - 1]?.names;
          if (before === undefined) return [];
          return MEMBERS[kind]
            .filter((member) => before[member] !== names[member])
            .map((member) => ({ kind, id, member, atMs, from: before[member], to: names[member] }));
        }),
      )
      .toSorted((a, b) => a.atMs - b.atMs);
  }

  /** All names that an object ever had, for the objects whose names were changed. */
  inTime(): NamesInTime[] {
    return [...this.#objects.values()].flatMap(({ kind, id, puts }) => {
      const all = differing(puts);
      if (all.length < 2) return [];
      return all.map(({ atMs, names }, i) => ({
        kind,
        id,
        names,
        fromMs: i === 0 ? Number.NEGATIVE_INFINITY : atMs,
        untilMs: all[i + 1]?.atMs ?? Number.POSITIVE_INFINITY,
      }));
    });
  }
}

/** The changes as sentences for the operator; undefined where nothing was changed. */
export function identityNotes(history: IdentityHistory): readonly string[] | undefined {
  const notes = history.changes().map(noteOf);
  return notes.length === 0 ? undefined : notes;
}

function noteOf({ kind, id, member, atMs, from, to }: IdentityChange): string {
  return `The ${member} of ${kind} ${id} was changed at ${iso(atMs)}: from ${from ?? "none"} to ${to ?? "none"}.`;
}

function differing(puts: Named["puts"]): Named["puts"] {
  const sorted = puts.toSorted((a, b) => a.atMs - b.atMs);
  return sorted.filter(({ names }, i) => JSON.stringify(sorted[i - 1]?.names) !== JSON.stringify(names));
}
