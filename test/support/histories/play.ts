/** Plays a history on a running server and in the model, and compares all answers. */
import { Agent } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { meteringRecords, moveClock } from "../operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../raw-client.ts";
import { inCbor } from "../rpc-client.ts";
import { startServer, type RunningServer } from "../server.ts";
import { Comparison, wireForm, type WireAnswer } from "./comparison.ts";
import { againOf, clockTarget, latestFirst, requestOf, timeOf } from "./drafts.ts";
import { add, moveEnd, moveStart, rename, replace } from "./changes.ts";
import { Model, startOfHour, startOfMonth, type MeterRequest, type ModelAgreement } from "./model.ts";
import { accountOf, countedTwice, rowsOf } from "./once.ts";
import { ACCOUNTS, AGREEMENTS, SELLER, licence } from "./shop.ts";
import type { History, Names, Protocol, Step } from "./steps.ts";

const HOUR_MS = 3_600_000;

/** A server on which histories are played one after the other, each on an empty ledger, and months after the last one. */
export class Stage {
  readonly #args: readonly string[];
  readonly #rules: "classic" | "current";
  readonly #agent = new Agent({ keepAlive: true });
  #server: RunningServer;
  #nowMs: number;
  #changing = "reset";
  /** Counts what has happened so far, to be printed. */
  readonly done = {
    histories: 0,
    steps: 0,
    requests: 0,
    inCbor: 0,
    restarts: 0,
    answers: {} as Record<string, number>,
    changes: {} as Record<string, number>,
  };

  private constructor(args: readonly string[], rules: "classic" | "current", server: RunningServer, nowMs: number) {
    this.#args = args;
    this.#rules = rules;
    this.#server = server;
    this.#nowMs = nowMs;
  }

  static async open(args: readonly string[], rules: "classic" | "current"): Promise<Stage> {
    const nowMs = Date.parse("2026-01-01T00:00:00Z");
    const all = [...args, "--rules", rules, "--lab"];
    const server = await startServer([...all, "--clock", `manual:${new Date(nowMs).toISOString()}`]);
    return new Stage(all, rules, server, nowMs);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#server.kill();
  }

  async play({ hoursLeft, steps }: History): Promise<void> {
    this.#nowMs = startOfMonth(this.#nowMs, 2) - hoursLeft * HOUR_MS - HOUR_MS / 2;
    await moveClock(this.#server, { now: new Date(this.#nowMs).toISOString() });
    await this.#operate("POST", "/reset", undefined, 204);
    const sent: MeterRequest[] = [];
    let comparison = new Comparison(new Model(this.#rules, this.#nowMs));
    for (const [i, step] of steps.entries()) {
      try {
        comparison = await this.#take(step, comparison, sent);
      } catch (error) {
        throw new Error(`Step ${i} (${step.kind}): ${(error as Error).message}`, { cause: error });
      } finally {
        this.#nowMs = comparison.model.nowMs;
      }
    }
    await this.#compareListing(comparison);
    await this.#compareReports(comparison);
    this.done.histories += 1;
    this.done.steps += steps.length;
  }

  async #take(step: Step, comparison: Comparison, sent: MeterRequest[]): Promise<Comparison> {
    const { model } = comparison;
    if (step.kind !== "send") this.#changing = step.kind;
    switch (step.kind) {
      case "send": {
        const requests = step.requests.map((request) => {
          const made = request.kind === "new" ? requestOf(request, model) : againOf(request, sent, model);
          sent.push(made);
          return made;
        });
        const answers = await Promise.all(requests.map((request, i) => this.#meter(request, nthOf(step.protocols, i))));
        return this.#theOneListed(comparison.after(requests, answers));
      }
      case "clock":
        model.nowMs = clockTarget(step.to, model);
        await moveClock(this.#server, { now: new Date(model.nowMs).toISOString() });
        return comparison;
      case "act": {
        const { agreementId } = nthOf(latestFirst(model), step.agreement);
        const possible = model.act(step.action, agreementId);
        await this.#operate("POST", `/agreements/${agreementId}/${step.action}`, undefined, possible ? 200 : 409);
        return comparison;
      }
      case "expire": {
        const agreement = nthOf(latestFirst(model), step.agreement);
        const endsAtMs = timeOf(step.when, model);
        await this.#patch(agreement, { endsAt: iso(endsAtMs) }, moveEnd(model, agreement, endsAtMs));
        return comparison;
      }
      case "start": {
        const agreement = nthOf(latestFirst(model), step.agreement);
        const startsAtMs = timeOf(step.when, model);
        await this.#patch(agreement, { startsAt: iso(startsAtMs) }, moveStart(model, agreement, startsAtMs));
        return comparison;
      }
      case "rename": {
        const agreement = nthOf(latestFirst(model), step.agreement);
        const change = renaming(step.member, agreement);
        await this.#patch(agreement, change, rename(agreement, change));
        return comparison;
      }
      case "subscribe": {
        const { startsAt: _, ...like } = nthOf(AGREEMENTS, step.like);
        const startsAtMs = model.nowMs + step.startsInMs;
        const endsAtMs = step.lastsMs === undefined ? undefined : startsAtMs + step.lastsMs;
        await this.#add({ ...like, ...newNames(step.names, like, model), startsAtMs, endsAtMs }, model, add);
        return comparison;
      }
      case "replace": {
        const old = nthOf(latestFirst(model), step.agreement);
        const { agreementId: replaces, productCode, customerAccountId } = old;
        const startsAtMs = startOfHour(model.nowMs) + step.hours * HOUR_MS + step.offMs;
        const next = { productCode, customerAccountId, ...newNames(step.names, old, model), replaces, startsAtMs };
        await this.#add(next, model, (_model, agreement) => replace(model, old, agreement));
        return comparison;
      }
      case "restart":
        await (step.how === "SIGKILL" ? this.#server.kill() : this.#server.stop());
        this.#server = await startServer([...this.#args, "--clock", "manual"]);
        this.done.restarts += 1;
        await this.#compareListing(comparison);
        return comparison;
    }
  }

  async #meter({ region, productCode, usageRecords }: MeterRequest, protocol: Protocol): Promise<WireAnswer> {
    const input = { ProductCode: productCode, UsageRecords: usageRecords.map(wireForm) };
    const { endpoint } = this.#server;
    const inJson = wireRequest(endpoint, "BatchMeterUsage", input);
    const request = protocol === "cbor" ? inCbor(inJson) : inJson;
    const answer = await send(endpoint, signed(request, { region }), this.#agent);
    this.done.requests += 1;
    this.done.inCbor += protocol === "cbor" ? 1 : 0;
    const json: WireAnswer["json"] = jsonOf(answer);
    for (const name of json.Results?.map(({ Status }) => Status) ?? [json["__type"] ?? "nothing"]) {
      this.done.answers[name] = (this.done.answers[name] ?? 0) + 1;
    }
    return { status: answer.status, json };
  }

  /** Where several orders explain the answers, the listing decides between them. */
  async #theOneListed(states: readonly Comparison[]): Promise<Comparison> {
    const [first, ...others] = states;
    if (first === undefined) throw new Error("There is no state to go on from.");
    if (others.length === 0) return first;
    const listed = await meteringRecords(this.#server);
    const differences = states.map((state) => state.listingDifference(listed));
    const state = states[differences.indexOf(undefined)];
    if (state === undefined) throw new Error(`No order explains what is listed.\n${differences.join("\n")}`);
    return state;
  }

  async #compareListing(comparison: Comparison): Promise<void> {
    const difference = comparison.listingDifference(await meteringRecords(this.#server));
    if (difference !== undefined) throw new Error(difference);
  }

  #patch({ agreementId }: ModelAgreement, change: object, expected: number): Promise<void> {
    return this.#operate("PATCH", `/agreements/${agreementId}`, change, expected);
  }

  /** The model says first what the server must answer. */
  async #add(
    agreement: ModelAgreement,
    model: Model,
    made: (model: Model, agreement: ModelAgreement) => number,
  ): Promise<void> {
    const { startsAtMs, endsAtMs, ...same } = agreement;
    const body = { ...same, startsAt: iso(startsAtMs), endsAt: endsAtMs === undefined ? undefined : iso(endsAtMs) };
    await this.#operate("POST", "/agreements", body, made(model, agreement));
  }

  /** Every customer must find all of its records, and the seller the right sums, whatever names changed meanwhile. */
  async #compareReports({ model }: Comparison): Promise<void> {
    const twice = countedTwice(model);
    if (twice !== undefined) throw new Error(`Counted twice: ${twice}`);
    for (const account of ACCOUNTS) {
      const listed = await meteringRecords(this.#server, { customerAccountId: account });
      const booked = [...model.books.values()].filter((record) => accountOf(record, model.agreements) === account);
      if (listed.length !== booked.length)
        throw new Error(
          `Of account ${account} there are ${booked.length} records, listed are ${JSON.stringify(listed)}`,
        );
    }
    await this.#compareUsage(model);
    const months = new Set(
      [...model.books.values()].map(({ usageRecord }) => iso(usageRecord.timestampMs).slice(0, 7)),
    );
    for (const month of months) {
      const path = `/reports/usage-by-instance-type?month=${month}&format=json&sellerAccountId=${SELLER}`;
      const { body } = await this.#server.operator("GET", path);
      const { rows } = body as {
        rows: { productCode: string; customerAccountId?: string; dimension: string; usageUnits: string }[];
      };
      const reported = rows.map((row): [string, number] => [
        [row.productCode, row.customerAccountId, row.dimension].join(" "),
        Number(row.usageUnits),
      ]);
      const expected = rowsOf(model, month);
      if (reported.length === Object.keys(expected).length && isDeepStrictEqual(Object.fromEntries(reported), expected))
        continue;
      throw new Error(`The report of ${month} says ${JSON.stringify(reported)}, the books ${JSON.stringify(expected)}`);
    }
  }

  /** Hour by hour, and by the day. */
  async #compareUsage({ books }: Model): Promise<void> {
    for (const [grain, characters] of [
      ["hour", "2026-03-14T12".length],
      ["day", "2026-03-14".length],
    ] as const) {
      const range = "from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z";
      const { body } = await this.#server.operator("GET", `/usage?${range}&groupBy=product,dimension,region,${grain}`);
      const { items } = body as { readonly items: readonly Readonly<Record<string, string>>[] };
      const said = items.map(({ product, dimension, region, units, ...at }) => [
        [product, dimension, region, at[grain]?.slice(0, characters)].join(" "),
        Number(units),
      ]);
      const expected: Record<string, number> = {};
      for (const { productCode, region, usageRecord } of books.values()) {
        const { dimension, timestampMs, quantity = 0 } = usageRecord;
        const cell = [productCode, dimension, region, iso(timestampMs).slice(0, characters)].join(" ");
        expected[cell] = (expected[cell] ?? 0) + quantity;
      }
      if (said.length === Object.keys(expected).length && isDeepStrictEqual(Object.fromEntries(said), expected))
        continue;
      throw new Error(`Usage by ${grain} is ${JSON.stringify(said)}, by the books ${JSON.stringify(expected)}`);
    }
  }

  async #operate(method: string, path: string, body: object | undefined, expected: number): Promise<void> {
    const answer = await this.#server.operator(method, path, body);
    const change = `${this.#changing} ${answer.status}`;
    this.done.changes[change] = (this.done.changes[change] ?? 0) + 1;
    if (answer.status === expected) return;
    throw new Error(`${method} ${path}: expected ${expected}, got ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** The names of a new agreement, and its customer's. */
function newNames(
  { identifier, licence: licensed }: Names,
  { customerIdentifier }: Pick<ModelAgreement, "customerIdentifier">,
  { agreements }: Model,
): Pick<ModelAgreement, "agreementId" | "customerIdentifier" | "licenseArn"> {
  const number = agreements.length;
  return {
    agreementId: `agmt-${number}`,
    customerIdentifier: { same: customerIdentifier, new: `new-${number}`, none: undefined }[identifier],
    licenseArn: licensed === "none" ? undefined : licence(100 + number),
  };
}

function renaming(
  member: Extract<Step, { kind: "rename" }>["member"],
  { productCode, customerAccountId }: ModelAgreement,
) {
  switch (member) {
    case "product":
      return { productCode: productCode === "logs" ? "traces" : "logs" };
    case "account":
      return { customerAccountId: nthOf(ACCOUNTS, ACCOUNTS.findIndex((account) => account === customerAccountId) + 1) };
    case "identifier":
      return { customerIdentifier: "renamed" };
    case "licence":
      return { licenseArn: licence(999) };
  }
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function nthOf<T>(from: readonly T[], nth: number): T {
  return from[nth % from.length] as T;
}
