/** A request that is sent again: whose key signs it, which bytes are sent, and the outcome. */
import { operations, type EpochMs } from "@countinghouse/protocol";
import { openSecret } from "../../identity/access-keys.ts";
import type { Sealer } from "../../identity/seal.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Replay } from "../contract/ledger/requests.ts";
import { ProblemError } from "../problem.ts";
import type { RawRequest } from "./raw-requests.ts";
import { answerKind, bodyText, headerViews } from "./raw-view.ts";
import { sendAgain, withBody, type OwnAddress, type Sendable, type SignedBy } from "./replay.ts";

interface ReplayContext {
  readonly ledger: Pick<Ledger, "catalogue">;
  readonly sealer: Sealer;
  readonly wallMs: () => EpochMs;
  /** The address on which this server listens. */
  readonly ownAddress: () => OwnAddress;
}

/** What is known of the request; both are undefined where nothing is. */
interface FoundRequest {
  readonly raw: RawRequest | undefined;
  readonly entry: LedgerEntry | undefined;
}

interface Changes {
  readonly accessKeyId?: string | undefined;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws ProblemError where the request cannot be sent. */
export async function replayed(
  { ledger, sealer, wallMs, ownAddress }: ReplayContext,
  found: FoundRequest,
  id: string,
  { accessKeyId, body }: Changes,
): Promise<Replay> {
  const { raw, entry } = found;
  if (raw === undefined && entry === undefined) throw new ProblemError(404, `No request ${id} is kept or held.`);
  const claimed = claimsOf(raw);
  const keyId = accessKeyId ?? entry?.call.accessKeyId ?? claimed?.accessKeyId;
  if (keyId === undefined)
    throw new ProblemError(409, "It does not say which access key it was signed with: give accessKeyId.");
  const key = ledger.catalogue.accessKey(keyId);
  if (key === undefined)
    throw new ProblemError(409, `The catalogue has no access key ${keyId.slice(0, 128)}: give accessKeyId.`);
  const secretAccessKey = openSecret(sealer, key);
  if (secretAccessKey === undefined)
    throw new ProblemError(409, `The secret of ${keyId} cannot be opened with this secrets key.`);
  const operation = operations.find(({ name }) => name === (entry?.call.operation ?? raw?.answer.operation));
  const by: SignedBy = {
    accessKeyId: keyId,
    secretAccessKey,
    region: entry?.call.region ?? claimed?.region ?? "us-east-1",
    service: operation?.signingName ?? claimed?.service ?? "aws-marketplace",
  };
  const sendable = body === undefined ? asItWas(raw) : edited(raw, operation, body);
  const answered = await sendAgain(sendable, by, ownAddress(), wallMs());
  if (answered === undefined) {
    return { accessKeyId: keyId, headers: [], problem: "The connection ended before an answer had come." };
  }
  const { status, headers, body: answer } = answered;
  return {
    requestId: [headers["x-amzn-requestid"]].flat()[0],
    accessKeyId: keyId,
    status,
    headers: headerViews(headers),
    body: bodyText(answer, answerKind(headers)),
  };
}

/** The key, region and service of the request's own signature, so that it can be signed in the same way. */
function claimsOf(raw: RawRequest | undefined): SignedBy | undefined {
  const header = raw?.request.headers.get("authorization")?.[0] ?? "";
  const [, accessKeyId, region, service] =
    /Credential=([A-Z0-9]{16,128})\/\d{8}\/([a-z0-9-]+)\/([a-z-]+)\//.exec(header) ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, secretAccessKey: "", region, service };
}

function asItWas(raw: RawRequest | undefined): Sendable {
  if (raw === undefined)
    throw new ProblemError(409, "Its bytes are not held any more: give the body that is to be sent.");
  const { request, requestBody } = raw;
  if (requestBody.bytes.length < requestBody.sentBytes) {
    throw new ProblemError(409, "Only a part of its body is held: give the body that is to be sent.");
  }
  const isForm = request.headers
    .get("content-type")?.[0]
    ?.toLowerCase()
    .startsWith("application/x-www-form-urlencoded");
  if (isForm === true)
    throw new ProblemError(409, "Forms of STS are not sent again: what they carry is a token of somebody's.");
  return { method: request.method, path: request.path, headers: request.headers, body: requestBody.bytes };
}

type Operation = (typeof operations)[number];

function edited(
  raw: RawRequest | undefined,
  operation: Operation | undefined,
  body: Readonly<Record<string, unknown>>,
): Sendable {
  const target = operation?.target ?? raw?.request.headers.get("x-amz-target")?.[0];
  if (target === undefined)
    throw new ProblemError(409, "It does not say which operation it was for, so that no body can be given.");
  const headers = raw?.request.headers ?? new Map<string, readonly string[]>();
  return withBody({ method: "POST", path: "/", headers, body: Buffer.alloc(0) }, target, body);
}
