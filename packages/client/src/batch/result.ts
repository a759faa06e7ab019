/** The results of `meterAll`: every record gets exactly one of these. */
import type { RuleId } from "@countinghouse/protocol";
import type { MeteringError } from "../outcome.ts";

interface OfRecord<Item> {
  /** The record that was given, the same object. */
  readonly record: Item;
  /** The record's index in the input, from 0. */
  readonly index: number;
}

/**
 * The service answered Success, and this client does not know the id from before: the usage is metered, once.
 *
 * The wire does not distinguish a new metering record from a replay of one that another process, or an earlier run, sent
 * before: both are Success with an id. In either case the usage counts once.
 */
export interface Accepted<Item> extends OfRecord<Item> {
  readonly status: "accepted";
  readonly meteringRecordId: string;
}

/**
 * The service answered Success with an id that it had given before, to an earlier `meterAll` of this client, or to the caller
 * (`knownIds`). The usage was metered then, and counts once.
 */
export interface Replay<Item> extends OfRecord<Item> {
  readonly status: "replay";
  readonly meteringRecordId: string;
}

/** Other usage is metered under the same key (hour, product or licence, customer, dimension), and stands; this one is not. */
export interface Duplicate<Item> extends OfRecord<Item> {
  readonly status: "duplicate";
  /** The metering record that stands, if the service named it. */
  readonly meteringRecordId: string | undefined;
}

/** The customer has no agreement for the product, or had none at the time of the usage. */
export interface NotSubscribed<Item> extends OfRecord<Item> {
  readonly status: "not-subscribed";
}

/**
 * The record breaks a rule, and would be refused again. The exception is `TimestampOutOfBoundsException`: the usage lies ahead
 * of the service's clock, and can be sent when its time has come.
 */
export interface Refused<Item> extends OfRecord<Item> {
  readonly status: "refused";
  /** `client`: the record was never sent. */
  readonly refusedBy: "client" | "service";
  /** The rule (`docs/RULES.md`), where it is known: the service names an error, not a rule. */
  readonly rule: RuleId | undefined;
  /** The error that the service answered, or would have answered. */
  readonly errorName: string;
  readonly message: string;
}

/**
 * The record is too old to be accepted, now or later. The client refuses a record so only by the time that the service told in
 * this run, and only if the record is late by more than the service's clock may be off; never by this machine's clock alone.
 */
export interface Expired<Item> extends OfRecord<Item> {
  readonly status: "expired";
  readonly refusedBy: "client" | "service";
  readonly rule: RuleId | undefined;
  /** How old the usage is, in whole seconds. */
  readonly ageSeconds: number;
  /** By how many whole seconds it came too late, if the limit is known. */
  readonly lateBySeconds: number | undefined;
}

/** It is not known whether the usage was metered, or the service was not asked: send the same record again, later. */
export interface Undecided<Item> extends OfRecord<Item> {
  readonly status: "undecided";
  /**
   * `failed`: the call failed, see `error`. `unprocessed`: the service gave the record back each time it was sent.
   * `unanswered`: the service's answer left the record out, or cannot be understood. `aborted`: by the caller's signal.
   * `doubtful`: the service refuses the record for its time or its customer's agreement, or calls it a duplicate; but it was
   * sent before, and nobody saw the end of that call. `stopped`: not sent, because an earlier call failed in a way in which all
   * calls would (`error`), such as a missing permission.
   */
  readonly why: "failed" | "unprocessed" | "unanswered" | "doubtful" | "aborted" | "stopped";
  readonly error: MeteringError | undefined;
  /** Whether the usage may be metered all the same. If false, this run did not meter the record. */
  readonly mayBeMetered: boolean;
  /** For a doubtful duplicate: the metering record that stands, which may be this usage. */
  readonly meteringRecordId?: string | undefined;
}

export type MeterAllResult<Item> =
  | Accepted<Item>
  | Replay<Item>
  | Duplicate<Item>
  | NotSubscribed<Item>
  | Refused<Item>
  | Expired<Item>
  | Undecided<Item>;

/** A result without the record it is about. */
export type Verdict = WithoutRecord<MeterAllResult<never>>;
type WithoutRecord<T> = T extends unknown ? Omit<T, "record" | "index"> : never;
