/** The market's side of a rehearsal: a buyer, the clock, faults, and what came of the seller's calls. */
import { addedUp } from "../added-up.ts";
import type { OperatorClient } from "../../operator/client/operator-client.ts";
import type { NewFault } from "../../operator/contract/faults.ts";
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";
import type { MeteringRecord } from "../../operator/contract/ledger/metering.ts";
import { trailCall, type ResolvedCustomer } from "../../trail/trail-call.ts";
import { hitBy, type Hit } from "./sent-again.ts";

/** The buyer of a rehearsal, by all names. */
export interface Buyer {
  readonly productCode: string;
  readonly agreementId: string;
  readonly customerAccountId: string;
  readonly customerIdentifier: string;
  readonly licenseArn: string;
}

/** Of the calls of an hour, and of a landing page. */
const EVENTS_MAX = 10_000;

/** A call of ResolveCustomer. */
interface ResolveCall {
  readonly error: string | undefined;
  readonly customer: ResolvedCustomer | undefined;
}

export class MarketSide {
  readonly #client: OperatorClient;
  readonly #atTheEnd: OperatorClient;

  /** `atTheEnd` is asked to clean up, also where the other one's calls have been ended. */
  constructor(client: OperatorClient, atTheEnd: OperatorClient) {
    this.#client = client;
    this.#atTheEnd = atTheEnd;
  }

  async nowMs(): Promise<number> {
    return Date.parse((await this.#client.call("GET /clock")).now);
  }

  /** Undefined where the server is another one. */
  async clockMode(): Promise<string | undefined> {
    const clock: { readonly mode?: string } | null = await this.#client.call("GET /clock");
    return clock?.mode;
  }

  async productType(productCode: string): Promise<string> {
    return (await this.#client.call("GET /products/{id}", { params: { id: productCode } })).type;
  }

  /** A clock that ticks may have passed the time: it only moves forward. */
  async moveTo(atMs: number): Promise<void> {
    if ((await this.nowMs()) >= atMs) return;
    await this.#client.call("PUT /clock", { body: { now: new Date(atMs).toISOString() } });
  }

  /** A new account with an agreement that begins now. `random` is 12 digits. */
  async subscribe(productCode: string, random: string): Promise<Buyer> {
    const buyer: Buyer = {
      productCode,
      agreementId: `rehearsal-${random}`,
      customerAccountId: random,
      customerIdentifier: `rehearsal${random}`,
      licenseArn: `arn:aws:license-manager::294406891311:license:l-${random.padStart(32, "0")}`,
    };
    const startsAt = new Date(await this.nowMs()).toISOString();
    await this.#client.call("POST /accounts", {
      body: { id: random, title: "Buyer of a rehearsal", users: [], roles: [] },
    });
    await this.#client.call("POST /agreements", { body: { ...buyer, startsAt, entitlements: [] } });
    return buyer;
  }

  async registrationToken({ agreementId }: Buyer): Promise<string> {
    const { registrationToken } = await this.#client.call("POST /registration-tokens", { body: { agreementId } });
    return registrationToken;
  }

  async cancel({ agreementId }: Buyer): Promise<void> {
    await this.#client.call("POST /agreements/{id}/cancel", { params: { id: agreementId } });
  }

  /** Answers the fault's id. */
  async addFault(kind: NewFault["kind"], { productCode }: Buyer): Promise<string> {
    // Of this product only: another seller's call would use the fault up.
    const body = { operation: "BatchMeterUsage", kind, match: { productCode } } as const;
    const fault = await this.#client.call("POST /faults", { body });
    return fault.faultId;
  }

  async takeFaultAway(faultId: string): Promise<void> {
    await this.#atTheEnd.call("DELETE /faults/{id}", { params: { id: faultId } });
  }

  /** What a fault has hit since a time, which was before it was added; undefined where that is nothing. */
  async hitBy(faultId: string, fromMs: number): Promise<Hit | undefined> {
    return hitBy(faultId, await this.#events("BatchMeterUsage", fromMs), trailCall);
  }

  /** The customer's records of hours from one time up to another, in their order. */
  async records({ productCode, customerAccountId }: Buyer, fromMs: number, toMs: number): Promise<MeteringRecord[]> {
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    const query = { productCode, customerAccountId, from, to };
    const records: MeteringRecord[] = [];
    for await (const record of this.#client.items("GET /metering-records", { query })) records.push(record);
    return records;
  }

  /** What the sums of usage say of the same, by dimension. */
  async usage(
    { productCode, customerAccountId }: Buyer,
    fromMs: number,
    toMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
    const query = { groupBy: ["dimension"] as const, productCode, customerAccountId, from, to };
    const { items } = await addedUp({}, () => this.#client.call("GET /usage", { query }));
    return new Map(items.map(({ dimension = "", units }) => [dimension, Number(units)]));
  }

  /** Calls of ResolveCustomer from a time on, refused ones too, in their order. */
  async resolutions(fromMs: number): Promise<readonly ResolveCall[]> {
    return (await this.#events("ResolveCustomer", fromMs)).flatMap((event) => {
      const call = trailCall(event);
      return call?.operation === "ResolveCustomer" ? [{ error: call.answer.error, customer: call.customer }] : [];
    });
  }

  async #events(eventName: string, fromMs: number): Promise<readonly AuditEvent[]> {
    const query = { eventName, from: new Date(fromMs).toISOString(), order: "oldest" } as const;
    return (await this.#client.first("GET /audit-events", EVENTS_MAX, { query })).items;
  }

  /** The titles of the mistakes that show from a time on. */
  async mistakes(productCode: string, fromMs: number): Promise<readonly string[]> {
    const query = { productCode, from: new Date(fromMs).toISOString() };
    const { items } = await this.#client.call("GET /advice", { query });
    return items.map(({ title, id }) => `${title} (${id})`);
  }
}
