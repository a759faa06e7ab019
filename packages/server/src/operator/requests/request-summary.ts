/** A request in one line: from its entry, or from memory where no entry is kept. */
import { iso } from "@countinghouse/protocol";
import { outcomeOf } from "../../explain/outcome.ts";
import { attributesOf } from "../../ledger/entry-attributes.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import type { RequestSummary } from "../contract/ledger/requests.ts";
import type { RawRequest } from "./raw-requests.ts";
import { answerKind, bodyText } from "./raw-view.ts";

export function keptSummary(entry: LedgerEntry): RequestSummary {
  const { call, atMs } = entry;
  const { outcome, code, reason, records } = outcomeOf(entry);
  return {
    requestId: call.requestId,
    kept: true,
    at: iso(atMs),
    operation: call.operation,
    principal: call.principal,
    accountId: call.accountId,
    accessKeyId: call.accessKeyId,
    region: call.region,
    productCode: attributesOf(entry).productCode,
    sourceAddress: call.sourceAddress,
    userAgent: call.userAgent,
    outcome,
    code,
    reason,
    records,
  };
}

const CODES_OF_SUCCESS_END = 400;
const USER_AGENT_CHARACTERS_MAX = 512;

/** The summary of a request without an entry; its sender is unknown. */
export function heldSummary({ requestId, receivedAtMs, request, answer, answerBody }: RawRequest): RequestSummary {
  const isRefused = answer.status >= CODES_OF_SUCCESS_END;
  const code = answer.code ?? (isRefused ? `HTTP ${answer.status}` : undefined);
  return {
    requestId,
    kept: false,
    at: iso(receivedAtMs),
    operation: answer.operation,
    sourceAddress: request.sourceAddress,
    userAgent: request.headers.get("user-agent")?.[0]?.slice(0, USER_AGENT_CHARACTERS_MAX),
    outcome: isRefused ? "refused" : "ok",
    code,
    reason: isRefused
      ? `Refused: ${code}${messageIn(bodyText(answerBody.bytes, answerKind(answer.headers)))}`
      : undefined,
  };
}

function messageIn(body = ""): string {
  const [, message = ""] = /"message":"((?:[^"\\]|\\.)*)"/i.exec(body) ?? /<Message>([^<]*)</.exec(body) ?? [];
  return message === "" ? "." : `: ${message.replace(/\.$/, "")}.`;
}
