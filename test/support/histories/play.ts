/** Lets a history happen to a running server and to the model, and holds every answer of the one against the other. */
import { Agent } from "node:http";
import { meteringRecords, moveClock } from "../operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../raw-client.ts";
import { startServer, type RunningServer } from "../server.ts";
import { Comparison, wireForm, type WireAnswer } from "./comparison.ts";
import { againOf, clockTarget, latestFirst, requestOf, timeOf } from "./drafts.ts";
import { Model, startOfMonth, type MeterRequest, type ModelAgreement } from "./model.ts";
import { AGREEMENTS, licence } from "./shop.ts";
import type { History, Step } from "./steps.ts";

const HOUR_MS = 3_600_000;

/** A server that histories happen to, one after the other, each on an empty ledger and months after the last. */
export class Stage {
  readonly #args: readonly string[];
  readonly #rules: "classic" | "current";
  readonly #agent = new Agent({ keepAlive: true });
  #server: RunningServer;
  #nowMs: number;
  /** What has happened so far, to be told with the figures. */
  readonly done = { histories: 0, steps: 0, requests: 0, restarts: 0, answers: {} as Record<string, number> };

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
    this.done.histories += 1;
    this.done.steps += steps.length;
  }

  async #take(step: Step, comparison: Comparison, sent: MeterRequest[]): Promise<Comparison> {
    const { model } = comparison;
    switch (step.kind) {
      case "send": {
        const requests = step.requests.map((request) => {
          const made = request.kind === "new" ? requestOf(request, model) : againOf(request, sent, model);
          sent.push(made);
          return made;
        });
        const answers = await Promise.all(requests.map((request) => this.#meter(request)));
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
        const possible = endsAtMs > agreement.startsAtMs;
        const body = { endsAt: new Date(endsAtMs).toISOString() };
        await this.#operate("PATCH", `/agreements/${agreement.agreementId}`, body, possible ? 200 : 422);
        if (possible) model.put({ ...agreement, endsAtMs });
        return comparison;
      }
      case "subscribe": {
        const agreement = newAgreement(step, model);
        const { startsAtMs, endsAtMs, ...same } = agreement;
        const endsAt = endsAtMs === undefined ? undefined : new Date(endsAtMs).toISOString();
        const body = { ...same, startsAt: new Date(startsAtMs).toISOString(), endsAt };
        await this.#operate("POST", "/agreements", body, 201);
        model.put(agreement);
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

  async #meter({ region, productCode, usageRecords }: MeterRequest): Promise<WireAnswer> {
    const input = { ProductCode: productCode, UsageRecords: usageRecords.map(wireForm) };
    const { endpoint } = this.#server;
    const answer = await send(
      endpoint,
      signed(wireRequest(endpoint, "BatchMeterUsage", input), { region }),
      this.#agent,
    );
    this.done.requests += 1;
    const json: WireAnswer["json"] = jsonOf(answer);
    for (const name of json.Results?.map(({ Status }) => Status) ?? [json["__type"] ?? "nothing"]) {
      this.done.answers[name] = (this.done.answers[name] ?? 0) + 1;
    }
    return { status: answer.status, json };
  }

  /** Where several orders explain the answers, what is kept tells which one it was. */
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

  async #operate(method: string, path: string, body: object | undefined, expected: number): Promise<void> {
    const answer = await this.#server.operator(method, path, body);
    if (answer.status === expected) return;
    throw new Error(`${method} ${path}: expected ${expected}, got ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** One more agreement of a customer of the shop, with a licence of its own. */
function newAgreement(step: Extract<Step, { kind: "subscribe" }>, model: Model): ModelAgreement {
  const { startsAt: _, ...like } = nthOf(AGREEMENTS, step.like);
  const number = model.agreements.length;
  const startsAtMs = model.nowMs + step.startsInMs;
  const endsAtMs = step.lastsMs === undefined ? undefined : startsAtMs + step.lastsMs;
  return { ...like, agreementId: `agmt-${number}`, licenseArn: licence(100 + number), startsAtMs, endsAtMs };
}

function nthOf<T>(from: readonly T[], nth: number): T {
  return from[nth % from.length] as T;
}
