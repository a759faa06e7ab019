/** Every statement that the store sends in a test's own process is held against what a ledger on several machines allows. */
import pg from "pg";
import { refusalOf } from "./statement-shapes.ts";

const seen = new Map<string, string | undefined>();

/** How many different statements were sent. */
export function statementsSeen(): number {
  return seen.size;
}

interface Sender {
  readonly connectionParameters: { readonly application_name?: string };
  query(...args: unknown[]): unknown;
}

const sender = pg.Client.prototype as unknown as Sender;
const send = sender.query;

sender.query = function query(this: Sender, ...args: unknown[]): unknown {
  const text = textOf(args[0]);
  // Those of the tests are their own.
  if (text !== undefined && this.connectionParameters.application_name?.startsWith("countinghouse") === true) {
    if (!seen.has(text)) seen.set(text, refusalOf(text));
    const refusal = seen.get(text);
    if (refusal !== undefined) throw new Error(`Citus would refuse a statement. ${refusal}\n${text}`);
  }
  return send.apply(this, args);
};

function textOf(query: unknown): string | undefined {
  if (typeof query === "string") return query;
  const { text } = (query ?? {}) as { readonly text?: unknown };
  return typeof text === "string" ? text : undefined;
}
