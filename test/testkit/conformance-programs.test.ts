/** Clients in other languages, and other runners: a program for each call, `node:test`, and what a failing test says. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import {
  conformanceCases,
  describeConformance,
  programSubject,
  runConformance,
  type ConformanceCall,
  type ConformanceResult,
} from "countinghouse/testkit";
import { describe, expect, test } from "vitest";
import { NODE_FLAGS } from "../support/server.ts";
import { officialClient } from "./conforming.ts";

const PYTHON_TIMEOUT_MS = 480_000;
const pathOf = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));
const CALL: ConformanceCall = {
  operation: "BatchMeterUsage",
  input: { UsageRecords: [] },
  endpoint: "http://127.0.0.1:9",
  region: "us-east-1",
  credentials: { accessKeyId: "AKIA", secretAccessKey: "a-secret-of-nobody" },
};
const node = (program: string): readonly string[] => [process.execPath, "--eval", program];

test("a program in Python with boto3 passes every case", { timeout: PYTHON_TIMEOUT_MS }, async (context) => {
  const asked = spawnSync("python3", ["-c", "import boto3"], { encoding: "utf8" });
  context.skip(asked.status !== 0, "boto3 is not installed: with CI=true, npm run sdks installs it");
  const env = { ...process.env, AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  const subject = programSubject(["python3", pathOf("conformance_client.py")], { env });
  const results: ConformanceResult[] = [];
  for await (const result of runConformance(subject)) results.push(result);
  expect(results.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
  expect(results).toHaveLength(conformanceCases().length);
});

describe("a program", () => {
  test("is given the call in JSON, and answers in JSON", async () => {
    const subject = programSubject(
      node(
        "let t = ''; process.stdin.on('data', (c) => (t += c)).on('end', () => console.log(JSON.stringify({ output: JSON.parse(t) })))",
      ),
    );
    await expect(subject(CALL)).resolves.toEqual({ output: CALL });
  });

  test.each([
    ["ends otherwise", node("console.error('out of order'); process.exitCode = 3"), {}, /ended with 3\. out of order/],
    ["writes no JSON", node("console.log('hello')"), {}, /must write one answer in JSON; it wrote hello/],
    ["writes nothing, and reads nothing", node(""), {}, /it wrote nothing/],
    [
      "does not end",
      node("setInterval(() => {}, 1000)"),
      { timeoutMs: 300 },
      /was ended by SIGKILL \(it may take 0\.3 s\)/,
    ],
    [
      "writes without end",
      node("const m = 'x'.repeat(1e6); for (let i = 0; i < 9; i++) process.stdout.write(m)"),
      {},
      /more than 4194304 bytes/,
    ],
    ["is not there", ["/nowhere/client"], {}, /ENOENT/],
  ] as const)("that %s is told so, without the secret", async (_what, command, options, message) => {
    const told = programSubject(command, options)(CALL);
    await expect(told).rejects.toThrow(message);
    await expect(told).rejects.not.toThrow(CALL.credentials.secretAccessKey);
  });

  test("is named", () => {
    expect(() => programSubject([])).toThrow('such as ["python3", "client.py"]; got []');
  });
});

/** The suite under `node:test`, of a client that is right or wrong. */
function runByNode(habit: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const args = [...NODE_FLAGS, "--test-reporter=tap", pathOf("conformance.mjs"), habit];
    const child = execFile(process.execPath, args, { maxBuffer: 16_777_216 }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
}

test("node:test runs the suite, and its exit code tells of failures", { timeout: PYTHON_TIMEOUT_MS }, async () => {
  const count = conformanceCases({ operations: ["ResolveCustomer"] }).length;
  const right = await runByNode("right");
  expect(right.output).toMatch(new RegExp(`^# pass ${count}$`, "m"));
  expect(right.code, right.output).toBe(0);
  const wrong = await runByNode("wrong");
  expect(wrong.output).toMatch(/^# fail 1$/m);
  expect(wrong.output).toContain("it answers");
  expect(wrong.code).toBe(1);
});

test("times and errors of another context, as Jest has them, are times and errors", async () => {
  const tests = declared(async (call) => {
    const answer = await officialClient()(call);
    if (call.operation !== "GetEntitlements") throw runInNewContext('new RangeError("out of paper")') as Error;
    if ("error" in answer) return answer;
    const entitlements = (answer.output["Entitlements"] as { readonly ExpirationDate: Date }[]).map((one) => ({
      ...one,
      ExpirationDate: runInNewContext(`new Date(${one.ExpirationDate.getTime()})`) as Date,
    }));
    return { output: { ...answer.output, Entitlements: entitlements } };
  });
  await tests.get("entitlements/values")?.();
  await expect(tests.get("usage/timestamp")?.()).rejects.toThrow("the subject threw RangeError: out of paper");
});

/** The tests that a runner would be given. */
function declared(...[subject, options]: Parameters<typeof runConformance>): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  describeConformance(subject, {
    ...options,
    describe: (_name, body) => body(),
    test: (name, body) => tests.set(name.split(":")[0] as string, body),
  });
  return tests;
}

describe("a failing test says", () => {
  test("what was wrong and what the server has seen", async () => {
    const tests = declared(async (call) => {
      const answer = await officialClient()(call);
      return "output" in answer ? { output: { ...answer.output, Results: [] } } : answer;
    });
    await expect(tests.get("usage/timestamp")?.()).rejects.toThrow(
      /^usage\/timestamp: failed\n {2}call 1, BatchMeterUsage: the answer's output\.Results must be a list of 1, not of 0; it is \[\]\n[^]*What the server has seen:\n#1 .* BatchMeterUsage 200: 1 usage record: 1 accepted/,
    );
    await expect(tests.get("usage/duplicate")?.()).rejects.toThrow(
      "usage/duplicate: not judged\n  see usage/timestamp, which it needs",
    );
  });

  test.each([
    ["throws", () => Promise.reject(new RangeError("out of paper")), {}, /the subject threw RangeError: out of paper/],
    [
      "answers nothing",
      () => Promise.resolve(undefined as never),
      {},
      /the subject must answer \{ output \} or .*not there/,
    ],
    [
      "never answers",
      () => new Promise<never>(() => {}),
      { timeoutMs: 50 },
      /the subject gave no answer within 0\.05 s/,
    ],
    [
      "makes no request",
      () => Promise.resolve({ output: {} }),
      {},
      /requests of it that the server has seen must be 1 or more; they are 0/,
    ],
    [
      "answers what JSON has no form for",
      () => Promise.resolve({ output: { Results: 25n } }),
      {},
      /output\.Results must be a list of 1; it is "25n"/,
    ],
    [
      "tells a request id of its own",
      async (call: ConformanceCall) => {
        await officialClient()(call);
        return { error: { name: "AnyException", requestId: "made-up" } };
      },
      {},
      /error\.requestId must be the x-amzn-RequestId of an answer to this call; it is "made-up"/,
    ],
  ] as const)("that the subject %s", async (_what, subject, options, message) => {
    await expect(declared(subject, options).get("usage/timestamp")?.()).rejects.toThrow(message);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("that %s is no time limit", (timeoutMs) => {
    expect(() => declared(officialClient(), { timeoutMs })).toThrow(`from 1 to 2147483647; got ${timeoutMs}`);
  });

  test("that a client never stopped", async () => {
    const client = officialClient();
    const tests = declared(async (call) => {
      const answer = await client(call);
      await Promise.all(Array.from({ length: 1_100 }, () => fetch(call.endpoint, { method: "POST", body: "{}" })));
      return answer;
    });
    await expect(tests.get("usage/full-batch")?.()).rejects.toThrow("must be exactly 1; they are 1000");
  });

  test("which operations there are", () => {
    expect(() => conformanceCases({ operations: ["PutItem" as never] })).toThrow(
      'operations must name some of BatchMeterUsage, MeterUsage, RegisterUsage, ResolveCustomer, GetEntitlements; got ["PutItem"].',
    );
    expect(() => conformanceCases({ operations: [] })).toThrow("got []");
  });
});
