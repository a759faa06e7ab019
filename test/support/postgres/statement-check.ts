/** Checks every statement that the store sends in a test's process against what a ledger on several machines allows. */
import { Client } from "pg";
import { refusalOf } from "./statement-shapes.ts";

const seen = new Map<string, string | undefined>();

interface Sender {
  readonly connectionParameters: { readonly application_name?: string };
}

type Send = (this: Sender, ...args: unknown[]) => unknown;

/** Checks from this call on; it may be called repeatedly. */
export function checkStatements(): void {
  const sender = Client.prototype as unknown as { query: Send; isChecked?: boolean };
  if (sender.isChecked === true) return;
  sender.isChecked = true;
  sender.query = checking(sender.query);
}

function checking(send: Send): Send {
  return function query(...args): unknown {
    const text = textOf(args[0]);
    // Statements of the tests themselves are not checked.
    const isOurs = this.connectionParameters.application_name?.startsWith("countinghouse") === true;
    if (text !== undefined && isOurs) {
      if (!seen.has(text)) seen.set(text, refusalOf(text));
      const refusal = seen.get(text);
      if (refusal !== undefined) throw new Error(`Citus would refuse a statement. ${refusal}\n${text}`);
    }
    return send.apply(this, args);
  };
}

function textOf(query: unknown): string | undefined {
  if (typeof query === "string") return query;
  const { text } = (query ?? {}) as { readonly text?: unknown };
  return typeof text === "string" ? text : undefined;
}
