/**
 * A walk over an operation's refusals. A request in which everything is wrong is refused for the first reason of the
 * operation's list; this reason is corrected, and the next one follows, to the end of the list; then the request succeeds.
 */
import { HOUR_MS, refusalOrderOf, type AnyOperation, type RuleId } from "@countinghouse/protocol";
import { expect } from "vitest";
import { add } from "./operator-api.ts";
import { jsonOf, send, signed, wireRequest, withHeaders, type RawAnswer, type Signing } from "./raw-client.ts";
import { DEMO, type Served } from "./server.ts";

const DENIED = { accessKeyId: "AKIADENIED0000000000", secretAccessKey: "denied-secret" };

/** Adds a user who may do nothing; every walk needs one. */
export async function addDeniedUser(server: Served): Promise<void> {
  const policy = { Statement: [{ Effect: "Deny", Action: "*", Resource: "*" }] };
  await add(server, "/accounts", { id: "123412341234", users: [{ name: "denied", ...DENIED, policy }] });
}

/** A request that is being corrected: its members, its signature, and what else is wrong with it. */
export interface Draft extends Signing {
  readonly input: Readonly<Record<string, unknown>>;
  /** Sent in place of the input. */
  readonly body?: string | undefined;
  /** Present for session credentials. */
  readonly sessionToken?: string | undefined;
}

/** A reason for a refusal: the rule, the code on the wire, and what corrects it. */
export type Reason = readonly [rule: RuleId, code: string | number, mend: Partial<Draft>];

export async function attempt(server: Served, operation: AnyOperation, draft: Draft): Promise<RawAnswer> {
  const targetPrefix = operation.target.slice(0, -operation.name.length - 1);
  const sent = draft.body ?? draft.input;
  const request = withHeaders(wireRequest(server.endpoint, operation.name, sent, { targetPrefix }), {
    "x-amz-security-token": draft.sessionToken,
  });
  return send(server.endpoint, signed(request, { ...draft, service: operation.signingName }));
}

/** Refusals before the caller is known are not kept, and cannot be explained. */
const KEPT_NOWHERE = new Set<RuleId>(["L1", "D4", "N2", "N1"]);

/** The rule that refused a request, as the server's explanation names it. */
async function ruleOf(server: Served, { headers }: RawAnswer): Promise<unknown> {
  const { body } = await server.operator("GET", `/requests/${String(headers["x-amzn-requestid"])}/explanation`);
  return (body as { refusal?: { rule?: { id?: string } } }).refusal?.rule?.id;
}

/** Expects each reason in turn, corrects it, and expects success at the end. */
export async function walk(
  server: Served,
  operation: AnyOperation,
  start: Draft,
  reasons: readonly Reason[],
): Promise<void> {
  let draft = start;
  for (const [rule, code, mend] of reasons) {
    const answer = await attempt(server, operation, draft);
    const seen = code === answer.status ? code : jsonOf(answer)["__type"];
    expect(seen, `Rule ${rule}: ${answer.text}`).toBe(code);
    if (!KEPT_NOWHERE.has(rule)) expect(await ruleOf(server, answer)).toBe(rule);
    draft = { ...draft, ...mend };
  }
  const answer = await attempt(server, operation, draft);
  expect(answer.status, answer.text).toBe(200);
  const places = reasons.map(([rule]) => refusalOrderOf(operation).indexOf(rule));
  expect(places, "the order of the walk is that of the rule book").toEqual(places.toSorted((a, b) => a - b));
}

/** The reasons that all operations share, before an operation reads its input; `input` is the request's after that. */
export function fromTheFirstByte(
  input: Draft["input"],
  type: Draft["input"],
  constraint: Draft["input"],
): [Draft, Reason[]] {
  const wrong = { accessKeyId: "AKIACOUNTINGHOUSE002", at: new Date(Date.now() - HOUR_MS), secretAccessKey: "wrong" };
  return [
    { ...wrong, input: type, body: `{"a":"${"x".repeat(1_048_576)}"}` },
    [
      ["L1", 413, { body: "{" }],
      ["D4", "SerializationException", { body: undefined }],
      ["N2", "InvalidSignatureException", { at: new Date() }],
      ["N1", "InvalidSignatureException", DENIED],
      ["N3", "AccessDeniedException", { accessKeyId: DEMO.accessKeyId, secretAccessKey: DEMO.secretAccessKey }],
      ["D3", "SerializationException", { input: constraint }],
      ["L5", "ValidationException", { input }],
    ],
  ];
}
