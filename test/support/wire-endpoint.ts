/**
 * Which server the wire suites use: one of their own, or the one that WIRE_ENDPOINT names. Only suites that need nothing but
 * the demo catalogue can use the latter; CONTRIBUTING says what it must have.
 */
import { relative } from "node:path";
import { expect, test as anyTest, type TestAPI } from "vitest";
import type { MarketOptions } from "countinghouse/testkit";
import { demoMarket } from "./demo-market.ts";
import { operatorCaller, startServer, type RunningServer, type Served } from "./server.ts";

const ENDPOINT = process.env["WIRE_ENDPOINT"]?.replace(/\/$/, "");
const OPERATOR_TOKEN = process.env["WIRE_OPERATOR_TOKEN"] ?? "";

export interface WireServer extends Served {
  stop(): Promise<unknown>;
}

/** One whose process is looked at; of a named one, nothing is to be seen. */
export type WireProcess = Omit<RunningServer, "process">;

/**
 * What a suite needs besides a server with the demo catalogue: nothing; the operator API, and then the ledger is emptied first;
 * or a server of its own, with the reason.
 */
type Need = "nothing" | "operator API" | { readonly ownServer: string };

/** Vitest's `test`; or its `test.skip`, with a printed reason, where the server at WIRE_ENDPOINT is not what the suite needs. */
export function testNeeding(need: Need): TestAPI {
  const reason = whyNot(need);
  if (reason === undefined) return anyTest;
  process.stdout.write(`skipped: ${relative("", expect.getState().testPath ?? "")}: ${reason}\n`);
  return anyTest.skip as TestAPI;
}

/** A server with the demo catalogue: a market in this process; or the named one, emptied where the suite may do that. */
export async function demoServer(options: MarketOptions = {}): Promise<WireServer> {
  return ENDPOINT === undefined ? demoMarket(options) : namedServer(ENDPOINT);
}

/** The same, as a process that is started with these flags. */
export async function demoProcess(args: readonly string[]): Promise<WireProcess> {
  return ENDPOINT === undefined ? startServer(args) : namedServer(ENDPOINT);
}

async function namedServer(endpoint: string): Promise<WireProcess> {
  const operatorUrl = `${endpoint}/operator/v1`;
  const operator = operatorCaller({ operatorUrl, operatorToken: OPERATOR_TOKEN });
  if (OPERATOR_TOKEN !== "") {
    const { status, body } = await operator("POST", "/reset");
    if (status !== 204) throw new Error(`${endpoint} could not be reset: ${status} ${JSON.stringify(body)}`);
  }
  const notOurs = { stop: () => Promise.resolve(0), kill: () => Promise.resolve(), output: () => "" };
  return { endpoint, operatorUrl, operatorToken: OPERATOR_TOKEN, operator, ...notOurs };
}

function whyNot(need: Need): string | undefined {
  if (ENDPOINT === undefined || need === "nothing") return undefined;
  if (need !== "operator API") return `needs a server of its own, and WIRE_ENDPOINT is set: ${need.ownServer}`;
  return OPERATOR_TOKEN === "" ? "needs the operator API, and WIRE_OPERATOR_TOKEN is not set" : undefined;
}
