/** Requests of STS: forms that are read within bounds, and what AssumeRoleWithWebIdentity may be asked. Rule C6. */
import { isDecodable, printable, type StsErrorName } from "@countinghouse/protocol";
import { rejection, type Rejection } from "../../domain/rejection.ts";
import type { Asked } from "../../ledger/entry.ts";
import { mediaTypeOf } from "../request-call.ts";
import type { WireRequest } from "../../listener/message.ts";

const FORM_BYTES_MAX = 65_536;
/** No real request has more than seven. */
const PARAMETERS_MAX = 32;
const TOKEN_CHARACTERS_MAX = 20_000;
const DURATION_SECONDS_DEFAULT = 3_600;

/** Whether a request is for STS: a form that names an action. Anything else at this address is AWS JSON, or nothing. */
export function isStsRequest(request: WireRequest): boolean {
  return (
    request.method === "POST" &&
    !request.headers.has("x-amz-target") &&
    mediaTypeOf(request) === "application/x-www-form-urlencoded" &&
    /(^|&)Action=/.test(Buffer.from(request.body.subarray(0, FORM_BYTES_MAX)).toString("latin1"))
  );
}

/** The form's parameters, or why the form is not read. */
export function readForm({ body }: WireRequest): URLSearchParams | Rejection<StsErrorName> {
  if (body.length > FORM_BYTES_MAX) return invalid(`A request has at most ${FORM_BYTES_MAX} bytes`);
  const text = Buffer.from(body).toString("utf8");
  if (text.split("&", PARAMETERS_MAX + 1).length > PARAMETERS_MAX) {
    return invalid(`A request has at most ${PARAMETERS_MAX} parameters`);
  }
  if (!isDecodable(text)) return invalid("The form is not percent-encoded UTF-8");
  const form = new URLSearchParams(text);
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) return invalid("A parameter is given twice");
  return form;
}

interface AssumeRoleForm {
  readonly accountId: string;
  readonly roleName: string;
  readonly roleSessionName: string;
  readonly token: string;
  readonly durationSeconds: number;
  /** The part of the request that may be kept. */
  readonly asked: Asked;
}

export function readAssumeRole(form: URLSearchParams): AssumeRoleForm | Rejection<StsErrorName> {
  const unserved = [...form.keys()].find((name) => /^(Policy|PolicyArns|ProviderId)(\.|$)/.test(name));
  if (unserved !== undefined) return invalid(`${unserved.split(".", 1)[0]} is not served here`);
  const roleArn = form.get("RoleArn");
  const roleSessionName = form.get("RoleSessionName");
  const token = form.get("WebIdentityToken");
  const duration = form.get("DurationSeconds");
  const fault =
    constraintFault("roleArn", roleArn, /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/) ??
    constraintFault("roleSessionName", roleSessionName, /^[\w+=,.@-]{2,64}$/) ??
    lengthFault("webIdentityToken", token, 4, TOKEN_CHARACTERS_MAX) ??
    (duration === null ? undefined : durationFault(duration));
  if (fault !== undefined) return invalid(`1 validation error detected: ${fault}`);
  const [, accountId = "", roleName = ""] = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(.*)$/.exec(roleArn ?? "") ?? [];
  const durationSeconds = duration === null ? DURATION_SECONDS_DEFAULT : Number(duration);
  return {
    accountId,
    roleName,
    roleSessionName: roleSessionName ?? "",
    token: token ?? "",
    durationSeconds,
    asked: { roleArn, roleSessionName, ...(duration === null ? {} : { durationSeconds }) },
  };
}

function constraintFault(member: string, value: string | null, pattern: RegExp): string | undefined {
  if (value === null) return nullFault(member);
  if (pattern.test(value)) return undefined;
  return `Value '${clip(value)}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`;
}

/** Does not quote the value, which is a token. */
function lengthFault(member: string, value: string | null, min: number, max: number): string | undefined {
  if (value === null) return nullFault(member);
  if (value.length >= min && value.length <= max) return undefined;
  const [bound, limit] = value.length < min ? ["greater", min] : ["less", max];
  return `Value at '${member}' failed to satisfy constraint: Member must have length ${bound} than or equal to ${limit}`;
}

function durationFault(value: string): string | undefined {
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (seconds >= 900 && seconds <= 43_200) return undefined;
  const [bound, limit] = seconds > 43_200 ? ["less", 43_200] : ["greater", 900];
  return `Value '${clip(value)}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound} than or equal to ${limit}`;
}

function nullFault(member: string): string {
  return `Value null at '${member}' failed to satisfy constraint: Member must not be null`;
}

function invalid(message: string): Rejection<StsErrorName> {
  return rejection("ValidationError", "C6", message);
}

function clip(text: string): string {
  return printable(text, 100);
}
