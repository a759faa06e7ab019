/** Holds a client to one case: a market of its own, the calls, and what must be true of both sides afterwards. */
import { setTimeout as delay } from "node:timers/promises";
import { lookInto } from "../looking-in.ts";
import { marketWorld } from "../market-world.ts";
import type { Market } from "../market.ts";
import { meteredRows } from "../metered-rows.ts";
import { openMarket } from "../start-market.ts";
import type { ConformanceCase, ConformanceStep, ConformanceTrouble } from "./case.ts";
import { differences, shown, valueAt, type Earlier } from "./difference.ts";
import { Recorder, type SentRequest } from "./recorder.ts";
import { AGREEMENT, BUYER, CATALOGUE, NOW, ROLE, SELLER_KEY, TASK } from "./scene.ts";
import type { ConformanceAnswer, ConformanceCall, ConformanceCredentials, ConformanceSubject } from "./subject.ts";

/** What became of a case. */
interface Verdict {
  /** What was wrong, in sentences; empty where nothing was. */
  readonly complaints: readonly string[];
  /** What the market has seen, a line for each request. */
  readonly trace: string;
}

interface Scene {
  readonly market: Market;
  readonly recorder: Recorder;
  readonly subject: ConformanceSubject;
  readonly timeoutMs: number;
  readonly answers: ConformanceAnswer[];
  readonly earlier: Earlier;
  taskCredentials: ConformanceCredentials | undefined;
  registrationToken: string | undefined;
}

const REGION = "us-east-1";

export async function judge(
  subject: ConformanceSubject,
  { troubles = [], steps, metered }: ConformanceCase,
  timeoutMs: number,
): Promise<Verdict> {
  const ahead = troubles.find((trouble) => trouble.kind === "clock")?.aheadSeconds ?? 0;
  const world = marketWorld();
  const wallMs = (): number => world.wallMs() + ahead * 1_000;
  const recorder = new Recorder(troubles, wallMs);
  const market = await openMarket(
    { now: NOW, catalogue: CATALOGUE, unexpectedCalls: "ignore" },
    { world: { ...world, wallMs }, around: recorder.around },
  );
  try {
    for (const trouble of troubles) await put(market, trouble);
    const answers: ConformanceAnswer[] = [];
    const earlier: Earlier = ([index, ...path]) => {
      const answer = answers[Number(index)];
      return answer !== undefined && "output" in answer ? valueAt(answer.output, path) : undefined;
    };
    const issued = { taskCredentials: undefined, registrationToken: undefined };
    const scene: Scene = { market, recorder, subject, timeoutMs, answers, earlier, ...issued };
    const complaints: string[] = [];
    for (const [i, step] of steps.entries()) {
      const which = `call ${i + 1}, ${step.operation}`;
      complaints.push(...(await complaintsAbout(step, scene)).map((complaint) => `${which}: ${complaint}`));
      // Later calls build on this one.
      if (complaints.length > 0) break;
    }
    if (complaints.length === 0 && metered !== undefined) {
      const rows = meteredRows(lookInto(market).calls.all);
      complaints.push(...differences(metered, rows, earlier).map((one) => `what the market metered: ${one}`));
    }
    return { complaints, trace: market.trace() };
  } finally {
    await market[Symbol.asyncDispose]();
  }
}

async function put({ faults }: Market, trouble: ConformanceTrouble): Promise<void> {
  if (trouble.kind === "throttle") await faults.throttle(trouble.operation, { count: trouble.count });
  if (trouble.kind === "internal-error") await faults.internalError(trouble.operation, { count: trouble.count });
  if (trouble.kind === "drop-answer") await faults.dropAnswer(trouble.operation, { count: trouble.count });
  if (trouble.kind === "unprocessed") await faults.unprocessed({ count: trouble.count, records: trouble.records });
}

/** Makes the call of a step. Answers what was wrong with it. */
async function complaintsAbout(step: ConformanceStep, scene: Scene): Promise<readonly string[]> {
  const { market, recorder, answers, earlier } = scene;
  if (step.afterHours !== undefined) await market.clock.advance({ hours: step.afterHours });
  const call = await callOf(step, scene);
  const before = recorder.sent.length;
  const answer = await answered(scene.subject, call, scene.timeoutMs);
  if (typeof answer === "string") return [answer];
  answers.push(answer);
  const sent = recorder.sent.slice(before);
  return [
    ...complaintsAboutRequests(step, sent, earlier),
    ...complaintsAboutAnswer(step, answer, earlier),
    ...complaintsAboutRequestId(answer, sent),
  ];
}

function complaintsAboutRequests(
  { requests = { min: 1, max: Number.POSITIVE_INFINITY }, sent, sameBody }: ConformanceStep,
  seen: readonly SentRequest[],
  earlier: Earlier,
): readonly string[] {
  const complaints: string[] = [];
  const { min, max } = requests;
  if (seen.length < min || seen.length > max) {
    const bound =
      min === max ? `exactly ${min}` : max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`;
    complaints.push(`requests of it that the server has seen must be ${bound}; they are ${seen.length}`);
  }
  const [first, ...again] = seen;
  if (sent !== undefined && first !== undefined) {
    complaints.push(...differences(sent, first, earlier).map((one) => `the request's ${one}`));
  }
  if (sameBody === true && again.some(({ text }) => text !== first?.text)) {
    const bodies = [...new Set(seen.map(({ text }) => text))];
    complaints.push(`each attempt must have the same body; they were ${bodies.map((one) => shown(one)).join(" and ")}`);
  }
  return complaints;
}

function complaintsAboutAnswer(
  { answers: expected = [] }: ConformanceStep,
  answer: ConformanceAnswer,
  earlier: Earlier,
): readonly string[] {
  const tries = expected.map((one) => differences(one, answer, earlier));
  if (tries.length === 0 || tries.some((complaints) => complaints.length === 0)) return [];
  const [first = []] = tries;
  if (tries.length > 1)
    return [`it must answer one of ${expected.map(shown).join(" or ")}; it answers ${shown(answer)}`];
  return [...first.map((one) => `the answer's ${one}`), `it answers ${shown(answer)}`];
}

/** Support asks for this id: where it is told, it is the right one. */
function complaintsAboutRequestId(answer: ConformanceAnswer, sent: readonly SentRequest[]): readonly string[] {
  const told = "error" in answer ? answer.error.requestId : undefined;
  if (told === undefined || sent.some(({ requestId }) => requestId === told)) return [];
  return [`error.requestId must be the x-amzn-RequestId of an answer to this call; it is ${shown(told)}`];
}

async function callOf(step: ConformanceStep, scene: Scene): Promise<ConformanceCall> {
  const { operation, region = REGION, caller = "seller" } = step;
  const { market, earlier } = scene;
  if (JSON.stringify(step.input).includes("{{registrationToken}}")) {
    scene.registrationToken ??= await registrationToken(market);
  }
  const input = JSON.parse(JSON.stringify(step.input), (_name, value: unknown) => {
    const place = typeof value === "string" ? /^\{\{(.+)\}\}$/.exec(value)?.[1] : undefined;
    if (place === undefined) return value;
    return place === "registrationToken" ? scene.registrationToken : earlier(place.split("."));
  }) as ConformanceCall["input"];
  if (caller === "task") scene.taskCredentials ??= await credentialsOfTask(market);
  const credentials = caller === "task" ? (scene.taskCredentials as ConformanceCredentials) : SELLER_KEY;
  return { operation, input, endpoint: market.url, region, credentials };
}

async function registrationToken({ operator }: Market): Promise<string> {
  const body = { agreementId: AGREEMENT };
  return (await operator.call("POST /registration-tokens", { body })).registrationToken;
}

/** Fetched where a program in the task would fetch them. */
async function credentialsOfTask({ operator }: Market): Promise<ConformanceCredentials> {
  const { credentials } = await operator.call("POST /resources", {
    body: { platform: "ecs", externalId: TASK, accountId: BUYER, region: REGION, roleName: ROLE },
  });
  const authorization = credentials["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "";
  const answer = await fetch(credentials["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "", { headers: { authorization } });
  const issued = (await answer.json()) as Readonly<Record<"AccessKeyId" | "SecretAccessKey" | "Token", string>>;
  return { accessKeyId: issued.AccessKeyId, secretAccessKey: issued.SecretAccessKey, sessionToken: issued.Token };
}

/** What the subject answers; a sentence where it gives none. */
async function answered(
  subject: ConformanceSubject,
  call: ConformanceCall,
  timeoutMs: number,
): Promise<ConformanceAnswer | string> {
  const over = new AbortController();
  const late = delay(timeoutMs, `the subject gave no answer within ${timeoutMs / 1_000} s`, { signal: over.signal });
  late.catch(() => undefined);
  try {
    const answer: unknown = await Promise.race([subject(call), late]);
    return typeof answer === "string" || isAnswer(answer)
      ? answer
      : `the subject must answer { output } or { error: { name } }; it answers ${shown(answer)}`;
  } catch (error) {
    // Not by its class: Jest's has another one, of its own context.
    const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown };
    const what = typeof message === "string" ? `${String(name)}: ${message}` : shown(error);
    return `the subject threw ${what}; it must answer { error } where the client reports one`;
  } finally {
    over.abort();
  }
}

function isAnswer(answer: unknown): answer is ConformanceAnswer {
  if (typeof answer !== "object" || answer === null) return false;
  const { output, error } = answer as {
    readonly output?: unknown;
    readonly error?: { readonly name?: unknown } | null;
  };
  return typeof output === "object" ? output !== null : typeof error?.name === "string";
}
