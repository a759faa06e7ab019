/** Clients that are wrong in one respect each: the official client with one habit changed. */
import { randomUUID } from "node:crypto";
import { ConfiguredRetryStrategy } from "@smithy/core/retry";
import type {
  MarketplaceMeteringClient,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-marketplace-metering";
import type { ConformanceAnswer, ConformanceCall, ConformanceSubject } from "countinghouse/testkit";
import { officialClient } from "./conforming.ts";

type Members = Record<string, unknown>;

interface WrongClient {
  readonly habit: string;
  readonly subject: ConformanceSubject;
  /** The cases that it must fail, and no others. */
  readonly fails: readonly string[];
}

type NextHandler = (args: {
  input: ServiceInputTypes;
  request: unknown;
}) => Promise<{ response: unknown; output: ServiceOutputTypes }>;

interface HttpRequest {
  path: string;
  body: Uint8Array;
  headers: Record<string, string>;
}

const ATTEMPTS = 3;
const ATTEMPTS_OF_THE_STUBBORN = 30;

/** Waits hardly at all, so that two dozen clients do not take minutes. */
function hasty(client: MarketplaceMeteringClient, attempts: number = ATTEMPTS): void {
  const strategy = new ConfiguredRetryStrategy(attempts, () => 1);
  client.config.retryStrategy = () => Promise.resolve(strategy);
}

const right = officialClient((client) => hasty(client));

/** The right client, told another call. */
const asking =
  (change: (call: ConformanceCall) => ConformanceCall): ConformanceSubject =>
  (call) =>
    right(change(call));

/** The right client, whose answer is told otherwise. */
const telling =
  (change: (answer: ConformanceAnswer, call: ConformanceCall) => ConformanceAnswer): ConformanceSubject =>
  async (call) =>
    change(await right(call), call);

/** The right client, whose requests are changed before they are signed, from an attempt on. */
const sending = (change: (request: HttpRequest) => void, fromAttempt = 1): ConformanceSubject =>
  officialClient((client) => {
    hasty(client);
    let attempt = 0;
    client.middlewareStack.addRelativeTo(
      (next: NextHandler) => (args: Parameters<NextHandler>[0]) => {
        attempt += 1;
        if (attempt >= fromAttempt) change(args.request as HttpRequest);
        return next(args);
      },
      { name: "sending", relation: "before", toMiddleware: "httpSigningMiddleware" },
    );
  });

/** The right client, whose bodies are written otherwise. */
const writing = (change: (body: Members) => unknown, fromAttempt = 1): ConformanceSubject =>
  sending((request) => {
    const body = JSON.parse(new TextDecoder().decode(request.body)) as Members;
    request.body = Buffer.from(JSON.stringify(change(body)));
    request.headers["content-length"] = String(request.body.byteLength);
  }, fromAttempt);

/** The right client, which shows what it was answered before it reads it. */
const reading =
  (
    look: (body: Members) => void,
    tell: (answer: ConformanceAnswer) => ConformanceAnswer = (answer) => answer,
  ): ConformanceSubject =>
  async (call) =>
    tell(
      await officialClient((client) => {
        hasty(client);
        client.middlewareStack.add(
          (next) => async (args) => {
            const result = await next(args);
            const response = result.response as { body: AsyncIterable<Uint8Array> | Uint8Array };
            const chunks: Uint8Array[] = [];
            for await (const chunk of response.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
            const bytes = Buffer.concat(chunks);
            response.body = new Uint8Array(bytes);
            if (bytes.toString().startsWith("{")) look(JSON.parse(bytes.toString()) as Members);
            return result;
          },
          { step: "deserialize", name: "reading", priority: "low" },
        );
      })(call),
    );

/** Each usage record of a body, or of an input, otherwise. */
function records(body: Readonly<Members>, change: (record: Members) => Members): Members {
  const { UsageRecords, ...others } = body;
  return Array.isArray(UsageRecords) ? { ...others, UsageRecords: UsageRecords.map(change) } : body;
}

/** Each time of a body otherwise, whichever operation it is of. */
function times(body: Members, change: (seconds: number) => number): Members {
  const changed = (one: Members): Members =>
    typeof one["Timestamp"] === "number" ? { ...one, Timestamp: change(one["Timestamp"]) } : one;
  return records(changed(body), changed);
}

function results(answer: ConformanceAnswer, change: (result: Members) => Members): ConformanceAnswer {
  if ("error" in answer || !Array.isArray(answer.output["Results"])) return answer;
  return { output: { ...answer.output, Results: answer.output["Results"].map(change) } };
}

const without = (members: Readonly<Members>, name: string): Members =>
  Object.fromEntries(Object.entries(members).filter(([one]) => one !== name));

/** The id of a MeterUsage otherwise, but for a dry run's. */
function withOwnId(answer: ConformanceAnswer): ConformanceAnswer {
  const isKept =
    "output" in answer && !["DryRunOperation", undefined].includes(answer.output["MeteringRecordId"] as string);
  return isKept ? { output: { ...answer.output, MeteringRecordId: randomUUID() } } : answer;
}

const inTens: ConformanceSubject = async (call) => {
  const all = (call.input["UsageRecords"] ?? []) as readonly unknown[];
  if (all.length <= 10) return right(call);
  const answers: unknown[] = [];
  for (let from = 0; from < all.length; from += 10) {
    const answer = await right({ ...call, input: { ...call.input, UsageRecords: all.slice(from, from + 10) } });
    if ("error" in answer) return answer;
    answers.push(...(answer.output["Results"] as unknown[]));
  }
  return { output: { Results: answers, UnprocessedRecords: [] } };
};

const asSuccess = (status: string): ConformanceSubject =>
  telling((answer) => results(answer, (one) => (one["Status"] === status ? { ...one, Status: "Success" } : one)));

/** The right client, which tells an error as it is named by what its answers said. */
function naming(nameOf: (types: readonly string[], name: string) => string): ConformanceSubject {
  return (call) => {
    const types: string[] = [];
    const subject = reading(
      ({ __type: type }) => {
        if (typeof type === "string") types.push(type);
      },
      (answer) => {
        const name = nameOf(types, "error" in answer ? answer.error.name : "");
        return name === "" ? answer : { error: { name } };
      },
    );
    return subject(call);
  };
}

/** The right client, which takes one exception of one operation for a success. */
export function swallowing(exception: string, operation: ConformanceCall["operation"]): ConformanceSubject {
  return telling((answer, call) =>
    "error" in answer && answer.error.name === exception && call.operation === operation ? { output: {} } : answer,
  );
}

const KNOWN_MEMBERS = new Set(["Results", "UnprocessedRecords", "MeteringRecordId", "Signature", "message", "__type"]);

function refuseUnknown(body: Members): void {
  const unknown = Object.keys(body).filter(
    (name) => !KNOWN_MEMBERS.has(name) && !/Customer|Product|License/.test(name),
  );
  if (unknown.length > 0) throw new TypeError(`unknown members: ${unknown.join(", ")}`);
}

export const WRONG_CLIENTS: readonly WrongClient[] = [
  {
    habit: "sends times in milliseconds",
    subject: writing((body) => times(body, (seconds) => seconds * 1_000)),
    fails: ["usage/timestamp", "meter/timestamp"],
  },
  {
    habit: "rounds times to whole seconds",
    subject: writing((body) => times(body, Math.round)),
    fails: ["usage/fraction-of-a-second"],
  },
  {
    habit: "takes every time for UTC",
    subject: asking((call) => ({
      ...call,
      input: records(call.input, (one) => ({
        ...one,
        Timestamp: String(one["Timestamp"]).replace(/[+-]\d\d:\d\d$/, "Z"),
      })),
    })),
    fails: ["usage/time-zone"],
  },
  {
    habit: "posts to a path of its own",
    subject: sending((request) => {
      request.path = "/metering";
    }),
    fails: ["usage/request"],
  },
  {
    habit: "signs for us-east-1, whatever it is told",
    subject: asking((call) => ({ ...call, region: "us-east-1" })),
    fails: ["usage/region"],
  },
  {
    habit: "keeps quantities in 30 bits",
    subject: writing((body) =>
      records(body, (one) => ({ ...one, Quantity: Math.min(Number(one["Quantity"]), 2 ** 30) })),
    ),
    fails: ["usage/largest-quantity"],
  },
  {
    habit: "writes ASCII only",
    subject: writing((body) => JSON.parse(JSON.stringify(body).replaceAll(/[^ -~]/g, "?")) as unknown),
    fails: ["usage/text"],
  },
  {
    habit: "leaves out empty lists",
    subject: writing((body) =>
      (body["UsageRecords"] as readonly unknown[] | undefined)?.length === 0 ? without(body, "UsageRecords") : body,
    ),
    fails: ["usage/empty-list"],
  },
  {
    habit: "leaves out allocations",
    subject: writing((body) => records(body, (one) => without(one, "UsageAllocations"))),
    fails: ["usage/allocations"],
  },
  {
    habit: "names a customer in two ways",
    subject: writing((body) =>
      records(body, (one) =>
        "CustomerAWSAccountId" in one && !("LicenseArn" in one)
          ? { ...one, CustomerIdentifier: "conformance-customer" }
          : one,
      ),
    ),
    fails: ["usage/account"],
  },
  {
    habit: "sends ten records in a request at most",
    subject: inTens,
    fails: ["usage/full-batch"],
  },
  {
    habit: "makes ids of its own",
    subject: telling((answer) => results(withOwnId(answer), (one) => ({ ...one, MeteringRecordId: randomUUID() }))),
    fails: ["usage/replay", "meter/replay", "attempts/cut-off"],
  },
  {
    habit: "puts a product code beside the licence",
    subject: writing((body) => ("UsageRecords" in body ? { ProductCode: "conformance-saas", ...body } : body)),
    fails: ["usage/licence"],
  },
  {
    habit: "takes DuplicateRecord for a success",
    subject: asSuccess("DuplicateRecord"),
    fails: ["usage/duplicate"],
  },
  {
    habit: "takes CustomerNotSubscribed for a success",
    subject: asSuccess("CustomerNotSubscribed"),
    fails: ["usage/not-subscribed"],
  },
  {
    habit: "swallows unprocessed records",
    subject: telling((answer) =>
      "output" in answer && "UnprocessedRecords" in answer.output
        ? { output: { ...answer.output, UnprocessedRecords: [] } }
        : answer,
    ),
    fails: ["usage/unprocessed"],
  },
  {
    habit: "drops the session token",
    subject: asking(({ credentials: { accessKeyId, secretAccessKey }, ...call }) => ({
      ...call,
      credentials: { accessKeyId, secretAccessKey },
    })),
    fails: ["task/session-token"],
  },
  {
    habit: "drops DryRun",
    subject: writing((body) => without(body, "DryRun")),
    fails: ["meter/dry-run"],
  },
  {
    habit: "keeps the signature to itself",
    subject: telling((answer) => ("output" in answer ? { output: without(answer.output, "Signature") } : answer)),
    fails: ["register/signature"],
  },
  {
    habit: "knows no accounts of customers",
    subject: telling((answer) =>
      "output" in answer ? { output: without(answer.output, "CustomerAWSAccountId") } : answer,
    ),
    fails: ["resolve/customer"],
  },
  {
    habit: "reads times as milliseconds",
    subject: telling((answer) => {
      if ("error" in answer || !Array.isArray(answer.output["Entitlements"])) return answer;
      const entitlements = (answer.output["Entitlements"] as { readonly ExpirationDate: Date }[]).map((one) => ({
        ...one,
        ExpirationDate: new Date(one.ExpirationDate.getTime() / 1_000),
      }));
      return { output: { ...answer.output, Entitlements: entitlements } };
    }),
    fails: ["entitlements/values"],
  },
  {
    habit: "forgets that there are more pages",
    subject: telling((answer) => ("output" in answer ? { output: without(answer.output, "NextToken") } : answer)),
    fails: ["entitlements/pages"],
  },
  {
    habit: "names exceptions that are no 400 by their status",
    subject: telling((answer) =>
      "error" in answer && answer.error.name === "IdempotencyConflictException"
        ? { error: { ...answer.error, name: "409" } }
        : answer,
    ),
    fails: ["error/MeterUsage/IdempotencyConflictException"],
  },
  {
    habit: "names exceptions with their namespace",
    subject: naming((types, name) => (name === "" ? "" : (types.at(-1) ?? name))),
    fails: ["answers/namespace"],
  },
  {
    habit: "refuses answers with members that it does not know",
    subject: reading(refuseUnknown),
    fails: ["answers/unknown-members"],
  },
  {
    habit: "sends nothing again",
    subject: officialClient((client) => hasty(client, 1)),
    fails: ["attempts/throttled", "attempts/failed", "attempts/gateway", "attempts/cut-off"],
  },
  {
    habit: "sends again what was refused for what it says",
    subject: async (call) => {
      const answer = await right(call);
      return "error" in answer ? right(call) : answer;
    },
    fails: ["error/once"],
  },
  {
    habit: "does not give up",
    subject: officialClient((client) => hasty(client, ATTEMPTS_OF_THE_STUBBORN)),
    fails: ["attempts/throttled-for-ever", "attempts/failed-for-ever"],
  },
  {
    habit: "sends the records of a batch in another order when it sends them again",
    subject: writing((body) => {
      const { UsageRecords } = body;
      return Array.isArray(UsageRecords) ? { ...body, UsageRecords: UsageRecords.toReversed() as unknown[] } : body;
    }, 2),
    fails: ["attempts/same-batch"],
  },
  {
    habit: "makes a new client token for each attempt",
    subject: writing((body) => ("ClientToken" in body ? { ...body, ClientToken: randomUUID() } : body), 2),
    fails: ["attempts/same-token"],
  },
  {
    habit: "tells a refusal for its clock as something else",
    subject: naming((types, name) => (types.includes("InvalidSignatureException") ? "UnknownError" : name)),
    fails: ["attempts/clock"],
  },
];
