/** Calls and their outcomes; in a lab, their bytes, sending them again, and their signatures step by step. */
import { timeOf } from "@countinghouse/protocol";
import { cloudTrailRecord } from "../../audit/cloudtrail-record.ts";
import { explainRequest } from "../../explain/explain-request.ts";
import { outcomeOf } from "../../explain/outcome.ts";
import { openSecret } from "../../identity/access-keys.ts";
import { openSessionToken } from "../../identity/session-credentials.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import type { OperatorContext } from "../context.ts";
import type { Page } from "../contract/common.ts";
import type { RequestShown, RequestSummary, requestRoutes } from "../contract/ledger/requests.ts";
import { eventQueryOf, refuseEmptyRange } from "../event-query.ts";
import { pageOf } from "../page.ts";
import { ProblemError, unfit } from "../problem.ts";
import type { RawRequest } from "../requests/raw-requests.ts";
import { rawRequestView } from "../requests/raw-view.ts";
import { replayed } from "../requests/replayed.ts";
import { heldSummary, keptSummary } from "../requests/request-summary.ts";
import { diagnose } from "../requests/signature-diagnosis.ts";
import type { Handlers } from "../serve-routes.ts";
import { auditEventView } from "../views/audit-event.ts";

type ListQuery = Parameters<Handlers<"GET /requests">["GET /requests"]>[0]["query"];

export function requestHandlers(context: OperatorContext): Handlers<keyof typeof requestRoutes> {
  const { ledger, lab, rawRequests, sealer } = context;
  const held = (id: string): RawRequest => {
    const raw = rawRequests.find(id.toLowerCase());
    if (raw !== undefined) return raw;
    const message = `The bytes of request ${id} are not held: only those of the newest are, and of what came before the server was started, none.`;
    throw new ProblemError(404, message);
  };
  const secretOf = (accessKeyId: string, token: string | undefined): string | undefined => {
    const key = ledger.catalogue.accessKey(accessKeyId);
    if (key !== undefined) return openSecret(sealer, key);
    const session = token === undefined ? undefined : openSessionToken(sealer, token);
    return session?.accessKeyId === accessKeyId ? session.secretAccessKey : undefined;
  };
  return {
    "GET /requests": ({ query, role }): Promise<Page<RequestSummary>> => {
      refuseEmptyRange(query);
      if (query.source === "ledger") return keptPage(context, query);
      if (role !== "operator") throw new ProblemError(403, "Only the operator is shown what is held in memory.");
      if (!lab) throw new ProblemError(403, "Only a lab holds requests in memory: it needs --lab.");
      return heldPage(context, query);
    },
    "GET /requests/{id}": async ({ params: { id }, role }): Promise<RequestShown> => {
      const requestId = id.toLowerCase();
      const raw = role === "operator" ? rawRequests.find(requestId) : undefined;
      const [entry, explanation] = [await ledger.entry(requestId), await explainRequest(ledger, requestId)];
      const seen = { timing: raw && timingOf(raw), rawHeld: raw !== undefined };
      if (entry !== undefined) {
        const event = auditEventView(cloudTrailRecord(entry));
        const { requestParameters: request, responseElements: answer } = event;
        return { ...keptSummary(entry), request, answer, explanation, event, ...seen };
      }
      if (raw === undefined) throw new ProblemError(404, `No request ${id} is kept.`);
      return { ...heldSummary(raw), request: null, answer: null, ...seen };
    },
    "GET /requests/{id}/raw": ({ params: { id } }) => rawRequestView(held(id)),
    "POST /requests/{id}/replay": async ({ params: { id }, body }) => {
      const requestId = id.toLowerCase();
      return replayed(context, { raw: rawRequests.find(requestId), entry: await ledger.entry(requestId) }, id, body);
    },
    "POST /signature-diagnosis": ({ body }) => {
      const { requestId, request, canonicalRequest, stringToSign } = body;
      if ((requestId === undefined) === (request === undefined)) {
        throw unfit(["must have exactly one of requestId and request"]);
      }
      const theirs = { canonicalRequest, stringToSign };
      if (requestId !== undefined) {
        const raw = held(requestId);
        if (raw.requestBody.bytes.length < raw.requestBody.sentBytes) {
          throw new ProblemError(
            409,
            "Not all of its body is held, so that its hash cannot be made; describe it with bodySha256.",
          );
        }
        const found = { ...raw.request, body: raw.requestBody.bytes };
        return diagnose({ request: found, ...theirs }, { secretOf, wallMs: raw.receivedAtMs });
      }
      const { method = "POST", path = "/", query = "", headers = {}, body: text = "", bodySha256 } = request ?? {};
      const described = {
        method,
        path,
        query,
        headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]])),
        body: Buffer.from(text),
      };
      return diagnose({ request: described, bodySha256, ...theirs }, { secretOf, wallMs: context.wallMs() });
    },
  };
}

function timingOf({ receivedAtMs, milliseconds }: RawRequest): RequestShown["timing"] {
  return { receivedAt: new Date(receivedAtMs).toISOString(), milliseconds };
}

async function keptPage({ eventPages }: OperatorContext, query: ListQuery): Promise<Page<RequestSummary>> {
  const isMeant = (entry: LedgerEntry): boolean =>
    query.outcome === undefined || outcomeOf(entry).outcome === query.outcome;
  const page = await eventPages.search(
    {
      ...eventQueryOf(query),
      operations: query.operation === undefined ? undefined : [query.operation],
      principals: query.principal === undefined ? undefined : [query.principal],
    },
    isMeant,
  );
  return { items: page.items.map(({ entry }) => keptSummary(entry)), nextCursor: page.nextCursor };
}

/** A page of the held requests, each with what its entry tells, where it has one. */
async function heldPage({ ledger, rawRequests }: OperatorContext, query: ListQuery): Promise<Page<RequestSummary>> {
  const { operation, principal, accountId, accessKeyId, productCode, outcome, from, to } = query;
  const all: RequestSummary[] = [];
  for (const raw of rawRequests.newestFirst()) {
    const entry = await ledger.entry(raw.requestId);
    const summary = entry === undefined ? heldSummary(raw) : keptSummary(entry);
    const isMeant =
      (operation ?? summary.operation) === summary.operation &&
      (principal ?? summary.principal) === summary.principal &&
      (accountId ?? summary.accountId) === summary.accountId &&
      (accessKeyId ?? summary.accessKeyId) === summary.accessKeyId &&
      (productCode ?? summary.productCode) === summary.productCode &&
      (outcome ?? summary.outcome) === summary.outcome &&
      (from === undefined || timeOf(summary.at) >= timeOf(from)) &&
      (to === undefined || timeOf(summary.at) < timeOf(to));
    if (isMeant) all.push(summary);
  }
  // What was shown last may have made room for newer ones; then all that came before it is gone, too.
  const isNewest = query.order === "newest";
  const afterGone = (): number => (isNewest ? all.length : 0);
  return pageOf(isNewest ? all : all.toReversed(), query, { idOf: ({ requestId }) => requestId, afterGone });
}
