/**
 * The two operations of STS that programs call for their credentials: AssumeRoleWithWebIdentity, which is unsigned and brings a
 * token, and GetCallerIdentity. Refusals of strangers are kept within bounds (`operations/unkept-calls.ts`); tokens are never
 * kept.
 */
import { STS, isoSecond, printable, type ErrorName, type EpochMs, type StsErrorName } from "@countinghouse/protocol";
import { userIdentityOf, assumedRoleId } from "../../audit/user-identity.ts";
import { providerArn, regionOf } from "../../domain/catalogue/issuer.ts";
import type { Rejection } from "../../domain/rejection.ts";
import type { WebIdentity } from "../../domain/web-identity.ts";
import type { Authenticator } from "../../identity/authenticator.ts";
import { assumedRoleArn, type SessionCredentials, type SessionGrant } from "../../identity/session-credentials.ts";
import type { Asked, Call } from "../../ledger/entry.ts";
import { resourceId as resourceIdOf } from "../../ledger/ids.ts";
import { QueueFullError, type Ledger } from "../../ledger/ledger.ts";
import { assumeRole, foreseeAssumeRole } from "../../operations/assume-role.ts";
import { accountCall, strangerCall } from "../request-call.ts";
import type { UnkeptCalls } from "../../operations/unkept-calls.ts";
import type { WireRequest, WireResponse } from "../../listener/message.ts";
import { readAssumeRole, readForm } from "./form.ts";
import { errorResponse, resultResponse } from "./xml.ts";

interface StsHandlerOptions {
  readonly ledger: Ledger;
  readonly authenticator: Authenticator;
  readonly verifyToken: (token: string) => Promise<WebIdentity | Rejection<StsErrorName>>;
  readonly issueCredentials: (grant: SessionGrant) => SessionCredentials;
  readonly unkept: UnkeptCalls;
  readonly newRequestId: () => string;
  /** The service clock: observations of pods have its time. */
  readonly nowMs: () => EpochMs;
  /** The wall clock: credentials expire by it. */
  readonly wallMs: () => EpochMs;
  /** Called for errors that are this server's fault. */
  readonly onError: (error: Error, requestId: string) => void;
}

export class StsHandler {
  readonly #options: StsHandlerOptions;

  constructor(options: StsHandlerOptions) {
    this.#options = options;
  }

  /** Always answers: trouble of this server is an answer too. */
  async handle(request: WireRequest): Promise<WireResponse> {
    const requestId = this.#options.newRequestId();
    const form = readForm(request);
    if ("code" in form) return errorResponse(form.code, form.message, requestId);
    const action = form.get("Action") ?? "";
    const perform = Object.hasOwn(this.#operations, action) ? this.#operations[action] : undefined;
    if (perform === undefined || form.get("Version") !== STS.version) {
      const message = `Could not find operation ${printable(action, 100)} for version ${printable(form.get("Version") ?? "NO_VERSION_SPECIFIED", 100)}`;
      return errorResponse("InvalidAction", message, requestId);
    }
    try {
      return { ...(await perform(request, requestId, form)), operation: action };
    } catch (error) {
      return { ...this.#trouble(error as Error, requestId, action), operation: action };
    }
  }

  readonly #operations: Readonly<
    Record<string, (request: WireRequest, requestId: string, form: URLSearchParams) => Promise<WireResponse>>
  > = {
    AssumeRoleWithWebIdentity: (request, requestId, form) => this.#assumeRole(request, requestId, form),
    GetCallerIdentity: (request, requestId) => this.#callerIdentity(request, requestId),
  };

  async #assumeRole(request: WireRequest, requestId: string, form: URLSearchParams): Promise<WireResponse> {
    const { ledger, verifyToken, issueCredentials, nowMs, wallMs } = this.#options;
    const stranger = strangerCall(request, requestId, "AssumeRoleWithWebIdentity");
    const asked = readAssumeRole(form);
    if ("code" in asked) return this.#refuse(stranger, asked);
    const identity = await verifyToken(asked.token);
    if ("code" in identity) return this.#refuse(stranger, identity, asked.asked);

    const { accountId, roleName, roleSessionName: sessionName, durationSeconds } = asked;
    const resourceId = resourceIdOf("eks", identity.podUid);
    const wanted = { accountId, roleName, resourceId, identity };
    const foreseen = await foreseeAssumeRole(ledger, wanted, nowMs());
    const known = { ...stranger, ...callerOf(accountId, identity, resourceId, foreseen.audience) };
    if (foreseen.rejected !== undefined) return this.#refuse(known, foreseen.rejected, asked.asked);

    const credentials = issueCredentials({
      accountId,
      roleName,
      sessionName,
      session: { ...known.session, createdAtMs: nowMs() },
      expiresAtMs: wallMs() + durationSeconds * 1000,
    });
    const { accessKeyId, expiresAtMs } = credentials;
    const roleArn = assumedRoleArn(credentials);
    const answer = await assumeRole(
      ledger,
      { ...known, accountId },
      { request: wanted, asked: asked.asked, issued: { accessKeyId, assumedRoleArn: roleArn, expiresAtMs } },
    );
    if (answer.rejected !== undefined) return errorResponse(answer.rejected.code, answer.rejected.message, requestId);
    return resultResponse(
      "AssumeRoleWithWebIdentity",
      {
        SubjectFromWebIdentityToken: identity.subject,
        Audience: answer.output.audience,
        AssumedRoleUser: { Arn: roleArn, AssumedRoleId: assumedRoleId(roleArn) },
        Credentials: {
          AccessKeyId: accessKeyId,
          SecretAccessKey: credentials.secretAccessKey,
          SessionToken: credentials.sessionToken,
          Expiration: isoSecond(expiresAtMs),
        },
        Provider: known.session.federatedProvider,
      },
      requestId,
    );
  }

  async #callerIdentity(request: WireRequest, requestId: string): Promise<WireResponse> {
    const { authenticator, ledger } = this.#options;
    const operation = "GetCallerIdentity";
    const caller = authenticator.authenticate(request, STS.signingName);
    if ("code" in caller) {
      const code = SIGNATURE_ERRORS[caller.code] ?? "SignatureDoesNotMatch";
      return this.#refuse(strangerCall(request, requestId, operation), { ...caller, code });
    }
    const call = accountCall(request, requestId, operation, caller);
    const event = { kind: "caller-identified" } as const;
    await ledger.transact({ call, keys: [], decide: () => ({ event, answer: undefined }) });
    const { principalId: UserId } = userIdentityOf(call);
    return resultResponse(operation, { Arn: caller.arn, UserId, Account: caller.accountId }, requestId);
  }

  async #refuse(call: Call, rejected: Rejection<StsErrorName>, asked?: Asked): Promise<WireResponse> {
    await this.#options.unkept.noteRefused(call, rejected, asked);
    return errorResponse(rejected.code, rejected.message, call.requestId);
  }

  #trouble(error: Error, requestId: string, operation: string): WireResponse {
    const code = error instanceof QueueFullError ? "Throttling" : "InternalFailure";
    this.#options.unkept.count(operation, code);
    if (code === "Throttling") return errorResponse(code, "Rate exceeded", requestId);
    this.#options.onError(error, requestId);
    return errorResponse(code, "An internal error occurred. Send the request again, unchanged.", requestId);
  }
}

/** The caller that a verified token names, in CloudTrail's words for web identities. */
function callerOf(
  accountId: string,
  { issuer, audiences: [audience = ""], subject }: WebIdentity,
  resourceId: string,
  trustedAudience: string | undefined,
): { principal: string; region: string; session: { resourceId: string; platform: "eks"; federatedProvider: string } } {
  const federatedProvider = providerArn(accountId, issuer);
  return {
    principal: `${federatedProvider}:${trustedAudience ?? audience}:${subject}`,
    region: regionOf(issuer),
    session: { resourceId, platform: "eks", federatedProvider },
  };
}

/** STS's names for refusals of a signature, where JSON services use other names. */
const SIGNATURE_ERRORS: Partial<Record<ErrorName, StsErrorName>> = {
  MissingAuthenticationTokenException: "MissingAuthenticationToken",
  IncompleteSignatureException: "IncompleteSignature",
  InvalidSignatureException: "SignatureDoesNotMatch",
  UnrecognizedClientException: "InvalidClientTokenId",
  ExpiredTokenException: "ExpiredToken",
};
