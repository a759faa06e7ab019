/** What the ledger keeps of a request: who sent it, as far as is known, and from where. */
import type { Caller } from "../identity/caller.ts";
import type { Call } from "../ledger/entry.ts";
import type { AccountCall } from "../operations/operation.ts";
import type { WireRequest } from "../listener/message.ts";

/** For a request that this caller signed. */
export function accountCall(request: WireRequest, requestId: string, operation: string, caller: Caller): AccountCall {
  return {
    ...from(request, requestId, operation),
    principal: caller.arn,
    accountId: caller.accountId,
    accessKeyId: caller.accessKeyId,
    region: caller.region,
    session: caller.session,
  };
}

/** For a request without a signature, or with a wrong one. */
export function strangerCall(request: WireRequest, requestId: string, operation: string): Call {
  return {
    ...from(request, requestId, operation),
    principal: "unknown",
    accessKeyId: claimedAccessKey(request),
  };
}

const USER_AGENT_CHARACTERS_MAX = 512;

function from(
  request: WireRequest,
  requestId: string,
  operation: string,
): Pick<Call, "requestId" | "operation" | "sourceAddress" | "userAgent"> {
  const userAgent = (request.headers.get("user-agent")?.[0] ?? "").slice(0, USER_AGENT_CHARACTERS_MAX);
  return { requestId, operation, sourceAddress: request.sourceAddress, userAgent };
}

/** The access key with which a request claims to be signed, if it has the form of one. */
function claimedAccessKey(request: WireRequest): string | undefined {
  const header = request.headers.get("authorization")?.[0] ?? request.query;
  return /Credential=([A-Z0-9]{16,128})(?:\/|%2F)/.exec(header)?.[1];
}

export function mediaTypeOf(request: WireRequest): string | undefined {
  const values = request.headers.get("content-type");
  if (values?.length !== 1) return undefined;
  return (values[0] as string).split(";", 1)[0]?.trim().toLowerCase();
}
