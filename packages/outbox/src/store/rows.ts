/** What a store keeps, row by row. Times are milliseconds since the epoch; quantities are decimal texts, exact. */
import type { RuleSetName, Tag } from "@countinghouse/protocol";
import type { EntryState } from "../domain/entry-state.ts";

/** What all processes of a store go by. Written when the store is opened with something else than it says. */
export interface StoreSettings {
  readonly ruleSet: RuleSetName;
  readonly holdOpenSeconds: number;
  readonly requestsPerSecond: number;
  /** The first hour that may be sent; earlier readings belong to whoever metered before. Never changes once it is set. */
  readonly startAtMs: number | undefined;
  readonly dedupeDays: number;
  readonly keepDays: number;
  readonly restTag: Tag;
}

/** The one row about the store itself. */
export interface StoreRow {
  readonly name: string;
  readonly settings: StoreSettings;
  /** Pinned by the first delivery: usage that is sent to two regions or services is billed twice (Rule K7, O7). */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly account: string | undefined;
  /** The service's time less this machine's, as the service told it last. */
  readonly serviceOffsetMs: number | undefined;
  /** When the store was made (machine time); undefined of one that was made before this was noted. */
  readonly createdMs: number | undefined;
  /** When the last delivery run began, when the service last answered, and when an hour was last frozen: machine times. */
  readonly lastRunMs: number | undefined;
  readonly lastAnswerMs: number | undefined;
  readonly lastFreezeMs: number | undefined;
  /** Why nothing is frozen until `restored` is said; undefined where nothing stands in the way. */
  readonly heldBack: string | undefined;
  /** Entries of hours that began before this may have been sent by what was lost: they are born doubtful. */
  readonly doubtBeforeMs: number | undefined;
  /** Which history this is, where the store can tell (PostgreSQL: system and timeline). */
  readonly incarnation: string | undefined;
}

export interface Entry {
  readonly entryId: string;
  /** See `identityText`; with dimension and hour it is the key, of which one entry lives that is not dissolved. */
  readonly identity: string;
  readonly meter: string;
  readonly productCode: string;
  readonly dimension: string;
  readonly hourMs: number;
  readonly state: EntryState;
  readonly why: string | undefined;
  /** How many readings are in it, and their sum. */
  readonly readings: number;
  readonly sum: string;
  readonly latestAtMs: number;
  /** The balance as it was found and left, when the entry was frozen; and what has gone back to it since. */
  readonly carriedIn: string;
  readonly leftOver: string;
  readonly returned: string;
  /** One more than a record can carry where it is more than that: see `why`. */
  readonly units: number;
  /** The usage record as JSON, and its SHA-256 in hexadecimal. */
  readonly body: string | undefined;
  readonly bodyHash: string | undefined;
  readonly deadlineMs: number;
  readonly bornDoubtful: boolean;
  readonly alone: boolean;
  readonly nextTryMs: number | undefined;
  /** Until when (machine time) whoever began its last attempt has it to himself. */
  readonly leasedUntilMs: number | undefined;
  readonly frozenMs: number | undefined;
  /** Of one that is empty: when its window closes, after which nothing comes that could change it. */
  readonly endedMs: number | undefined;
  readonly meteringRecordId: string | undefined;
  readonly requestId: string | undefined;
  /** Dissolved, and some of its readings are not free yet. */
  readonly unreleased: boolean;
}

/** Of an identity, dimension and month: a fraction of a unit, or below zero a credit; late credits are in it, too. */
export interface Balance {
  readonly identity: string;
  readonly dimension: string;
  /** Such as `2026-11`. */
  readonly month: string;
  readonly amount: string;
  /** How much of the amount no entry that is still there makes: late readings below zero, and entries that were forgotten. */
  readonly credited: string;
}

/** Why a reading will never be in an entry. */
export type ReadingEnd =
  /** Its hour may have been sent already, or is out of the window. */
  | "late"
  /** Late, below zero, and of an hour that was billed, or may have been: it went to the balance as a credit. */
  | "credited"
  | "not-bound"
  | "after-end"
  /** Older than the store goes back, or from before its first hour. */
  | "discarded";

/** A tenant, meter and hour of which readings wait. */
export interface WaitingGroup {
  readonly tenant: string;
  readonly meter: string;
  readonly hourMs: number;
}

export type AlarmKind =
  | "set-aside"
  | "conflicting"
  | "late"
  | "not-bound"
  | "ambiguous-binding"
  | "not-closed"
  | "overflow"
  | "held"
  | "refused"
  | "expired"
  | "doubtful"
  | "delivered-after-all"
  | "stalled"
  | "held-back"
  | "credentials"
  | "damaged"
  | "service";

/** Something a person should see. One row for a kind and subject; it is told at least once. */
export interface Alarm {
  readonly alarmId: string;
  readonly kind: AlarmKind;
  /** What it is about: an entry, a tenant, a meter. */
  readonly subject: string;
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** How often it had happened when it was last told. */
  readonly toldCount: number;
}

export interface RaisedAlarm {
  readonly kind: AlarmKind;
  readonly subject: string;
  readonly message: string;
  readonly count?: number;
}
