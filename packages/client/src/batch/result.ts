/** What becomes of a record that `meterAll` was given: for every one exactly one of these, and nothing else. */
import type { RuleId } from "@countinghouse/protocol";
import type { MeteringError } from "../outcome.ts";

interface OfRecord<Item> {
  /** The record as it was handed in, the same object. */
  readonly record: Item;
  /** Its place in the input, from 0. */
  readonly index: number;
}

/**
 * The service says Success, and nothing is known of an earlier time: the usage is metered, once.
 *
 * The wire does not tell a new metering record from a replay of one that someone else sent before (another process, an
 * earlier run of this one); both are Success with an id. Either way the usage counts once.
 */
export interface Accepted<Item> extends OfRecord<Item> {
  readonly status: "accepted";
  readonly meteringRecordId: string;
}

/**
 * The service says Success, with an id that it had given before: to an earlier `meterAll` of this client, or so says the
 * caller (`knownIds`). The usage was metered then, and is counted once.
 */
export interface Replay<Item> extends OfRecord<Item> {
  readonly status: "replay";
  readonly meteringRecordId: string;
}

/** Other usage is metered under the same key (hour, product or licence, customer, dimension), and stands; this is not. */
export interface Duplicate<Item> extends OfRecord<Item> {
  readonly status: "duplicate";
  /** The metering record that stands, where the service names it. */
  readonly meteringRecordId: string | undefined;
}

/** The customer has no agreement for the product, or had none at that time. */
export interface NotSubscribed<Item> extends OfRecord<Item> {
  readonly status: "not-subscribed";
}

/**
 * The record breaks a rule; sent again as it is, it would be refused again. But for `TimestampOutOfBoundsException`: the
 * usage lies ahead of the service's clock, and its time will come.
 */
export interface Refused<Item> extends OfRecord<Item> {
  readonly status: "refused";
  /** `client`: it was never sent. */
  readonly refusedBy: "client" | "service";
  /** The rule (`docs/RULES.md`), where it is known: the service names an error, not a rule. */
  readonly rule: RuleId | undefined;
  /** The error that the service answered with, or would have. */
  readonly errorName: string;
  readonly message: string;
}

/**
 * The record is too old to be accepted, now or ever. `refusedBy` the client: by the time that the service told in this
 * run, and by more than its clock may be off; never by the clock of this machine alone.
 */
export interface Expired<Item> extends OfRecord<Item> {
  readonly status: "expired";
  readonly refusedBy: "client" | "service";
  readonly rule: RuleId | undefined;
  /** How old the usage is, in whole seconds. */
  readonly ageSeconds: number;
  /** By how many whole seconds it came too late, where the limit is known. */
  readonly lateBySeconds: number | undefined;
}

/** Nobody knows, or nobody was asked: send the same record again, later. */
export interface Undecided<Item> extends OfRecord<Item> {
  readonly status: "undecided";
  /**
   * `failed`: the call failed, see `error`. `unprocessed`: the service gave it back, as often as it was sent.
   * `unanswered`: the service's answer left it out, or cannot be understood. `aborted`: the caller's signal.
   * `doubtful`: the service refuses it for its time or its customer's agreement, or calls it a duplicate, but it was sent
   * before that, and nobody saw the end. `stopped`: not sent, because a call before failed in a way that all would (`error`), such as for want of permission.
   */
  readonly why: "failed" | "unprocessed" | "unanswered" | "doubtful" | "aborted" | "stopped";
  readonly error: MeteringError | undefined;
  /** Whether the usage may be metered all the same. Where it is false, the record was not metered by this run. */
  readonly mayBeMetered: boolean;
  /** Of a doubtful duplicate: the metering record that stands, which may be this usage. */
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
