/** `rehearse` fails sellers who are wrong in one respect, by that name, and ends whatever programs and servers do. */
import { spawnSync } from "node:child_process";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSocketServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BatchMeterUsageCommand, ResolveCustomerCommand, type UsageRecord } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished, test } from "vitest";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, NODE_FLAGS, officialClient, type RunningServer } from "../support/server.ts";
import { startCommand } from "../support/started-command.ts";
import { commandsFor } from "./command.ts";

const PROGRAM = fileURLToPath(new URL("programs/wrong-meter.ts", import.meta.url));
const METER = `'${process.execPath}' ${NODE_FLAGS.join(" ")} '${PROGRAM}'`;
const PRODUCT = ["--product", DEMO.productCode];

interface Step {
  readonly id: string;
  readonly verdict: string;
  readonly saw: string;
}

const lab = (): Promise<RunningServer> =>
  start(["--store", "memory:", "--rules", "current", "--clock", "manual:2026-03-15T10:30:00Z"]);

async function stepsOf(server: RunningServer, ...args: string[]): Promise<Readonly<Record<string, Step>>> {
  const { stdout, stderr } = await commandsFor(() => server).run(["rehearse", ...PRODUCT, ...args, "--json"]);
  expect(stdout, stderr).not.toBe("");
  const { steps } = JSON.parse(stdout) as { readonly steps: readonly Step[] };
  return Object.fromEntries(steps.map((step) => [step.id, step]));
}

test.each<[string, Readonly<Record<string, readonly [verdict: string, saw: RegExp]>>]>([
  [
    "a call for each dimension, and none again",
    {
      // The other dimension's call has made a record of the hour.
      hourly: ["pass", /4 of 4 hours have records/],
      "lost-answer": ["fail", /1 of its 1 record did not come again/],
      throttled: ["fail", /1 of its 1 record did not come again/],
      unprocessed: ["fail", /1 of its 1 record did not come again/],
    },
  ],
  ["takes a lost answer for a success", { "lost-answer": ["fail", /2 of its 2 records did not come again/] }],
  ["late", { "final-hour": ["fail", /No record of that hour came within it/] }],
  [
    "tries again in another region",
    {
      "lost-answer": ["fail", /gb_ingested, queries of its hour was counted more than once/],
      mistakes: ["fail", /two-regions/],
    },
  ],
])("a seller who: %s", async (habit, expected) => {
  const steps = await stepsOf(await lab(), "--meter", `HABIT='${habit}' ${METER}`, "--hours", "4");
  for (const [id, [verdict, saw]] of Object.entries(expected)) {
    expect(steps[id], JSON.stringify(steps)).toMatchObject({ verdict, saw: expect.stringMatching(saw) as string });
  }
});

test("a program that runs by itself is waited for until it has tried again", async () => {
  const server = await lab();
  const client = officialClient(server.endpoint);
  onTestFinished(() => client.destroy());
  const ask = async (path: string): Promise<unknown> => (await server.operator("GET", path)).body;
  const rehearsal = stepsOf(server, "--hours", "4", "--wait", "30");
  const over = new AbortController();
  let metered = 0;
  const program = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { now } = (await ask("/clock")) as { readonly now: string };
      const { items } = (await ask("/agreements")) as { readonly items: readonly Record<string, string>[] };
      const CustomerIdentifier = items.find(({ agreementId = "" }) => agreementId.startsWith("rehearsal-"))?.["customerIdentifier"]; // prettier-ignore
      const hour = Math.floor(Date.parse(now) / 3_600_000);
      if (CustomerIdentifier !== undefined && hour > metered) {
        metered = hour;
        const Timestamp = new Date((hour - 1) * 3_600_000);
        const records = [{ Timestamp, CustomerIdentifier, Dimension: "queries", Quantity: 1 }];
        let rest: UsageRecord[] = hour === 0 ? [] : records;
        while (rest.length > 0) {
          const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: rest });
          const answer = await client.send(command).catch(() => ({ UnprocessedRecords: rest }));
          rest = answer.UnprocessedRecords ?? [];
        }
      }
      await delay(20);
    }
  })();
  const steps = await rehearsal.finally(() => over.abort());
  await program;
  for (const id of ["hourly", "lost-answer", "throttled", "unprocessed", "final-hour", "mistakes"]) {
    expect(steps[id]?.verdict, JSON.stringify(steps)).toBe("pass");
  }
});

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const page = (answer: RequestListener): Promise<string> => listening(createServer(answer));

test("a landing page that takes every token for good, once it has resolved one", async () => {
  const server = await lab();
  const client = officialClient(server.endpoint);
  onTestFinished(() => client.destroy());
  let isFirst = true;
  const landing = await page((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.once("end", () => {
      const RegistrationToken = new URLSearchParams(body).get("x-amzn-marketplace-token") ?? "";
      const resolved = isFirst ? client.send(new ResolveCustomerCommand({ RegistrationToken })) : Promise.resolve();
      isFirst = false;
      // The page begins at once, and is whole once the buyer is known.
      response.writeHead(200).write("<html>");
      void resolved.then(() => response.end("Welcome!</html>"));
    });
  });
  const steps = await stepsOf(server, "--landing", landing, "--hours", "1", "--wait", "1");
  expect(steps["landing"]).toMatchObject({ verdict: "pass", saw: expect.stringContaining("1 of 1") as string });
  expect(steps["landing-again"]).toMatchObject({ verdict: "pass" });
  expect(steps["landing-expired"]).toMatchObject({
    verdict: "fail",
    saw: "It answered 200; ResolveCustomer was not called.",
  });
});

test("a command that goes on in the background, with its output open", async () => {
  const folder = newFolder();
  onTestFinished(() => void spawnSync("sh", ["-c", `kill $(cat ${folder}/pids)`]));
  const steps = await stepsOf(await lab(), "--meter", `sleep 600 & echo $! >> ${folder}/pids; echo once more >&2; exit 3`, "--hours", "1"); // prettier-ignore
  expect(steps["hourly"]).toMatchObject({ verdict: "fail", saw: expect.stringContaining("it ended with 3: once more") as string }); // prettier-ignore
});

test("a report that cannot be written as a file is printed", async () => {
  const junit = join(newFolder(), "nowhere", "rehearsal.xml");
  const server = await lab();
  const ran = await commandsFor(() => server).run(["rehearse", ...PRODUCT, "--meter", "true", "--hours", "1", "--junit", junit]); // prettier-ignore
  expect(ran.stdout).toContain("Each hour has its record");
  expect(ran.stderr).toBe(`countinghouse: ${junit} cannot be written (ENOENT).\n`);
  expect(ran.code).toBe(2);
});

test("a server that does not answer is left when somebody interrupts", async () => {
  const { promise: isAsked, resolve: asked } = Promise.withResolvers<unknown>();
  const silent = createSocketServer((socket) => socket.once("data", asked).on("error", () => undefined));
  silent.listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  onTestFinished(() => void silent.close());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const started = startCommand(["rehearse", ...PRODUCT], {
    COUNTINGHOUSE_OPERATOR_URL: url,
    COUNTINGHOUSE_OPERATOR_TOKEN: "a-token-of-nobody",
  });
  await isAsked;
  started.interrupt();
  expect(await started.ended).toEqual({ code: 130, stdout: "", stderr: "countinghouse: It was interrupted.\n" });
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "an interruption by %s ends the command with all that it has started, and takes the fault away",
  async (signal, code) => {
    const server = await lab();
    const folder = newFolder();
    const ended: Promise<void>[] = [];
    const both = Promise.withResolvers<void>();
    const listener = createSocketServer((socket) => {
      ended.push(new Promise((resolve) => socket.on("error", () => undefined).once("close", () => resolve())));
      socket.resume();
      if (ended.length === 2) both.resolve();
    });
    listener.listen(0, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    onTestFinished(() => void listener.close());
    // Two programs that stay, heed no signal, and hold a connection for as long as they live.
    const { port } = listener.address() as AddressInfo;
    const stays = `'${process.execPath}' -e 'process.on("SIGINT", () => {}).on("SIGTERM", () => {}); require("net").connect(${port}, "127.0.0.1")'`;
    // In the second hour, which has a fault.
    const meter = `echo hour >> ${folder}/hours; if [ $(wc -l < ${folder}/hours) -eq 2 ]; then ${stays} & ${stays}; fi`;
    const started = startCommand(["rehearse", ...PRODUCT, "--meter", meter, "--hours", "5", "--json"], {
      COUNTINGHOUSE_OPERATOR_URL: server.operatorUrl,
      COUNTINGHOUSE_OPERATOR_TOKEN: server.operatorToken,
    });
    await both.promise;
    expect((await server.operator("GET", "/faults")).body).toMatchObject({ items: [{ kind: "drop-answer" }] });
    started.interrupt(signal);
    const { stdout, ...rest } = await started.ended;
    expect(rest).toEqual({ code, stderr: "countinghouse: It was interrupted.\n" });
    expect(stdout).toContain('"It was interrupted."');
    await Promise.all(ended);
    expect((await server.operator("GET", "/faults")).body).toEqual({ items: [] });
  },
);

test.each<[string, RequestListener]>([
  ["text", (_request, response) => response.end("hello")],
  ["other JSON", (_request, response) => response.writeHead(200, { "content-type": "application/json" }).end("[]")],
  ["a refusal of its own", (_request, response) => response.writeHead(404).end("<h1>Not found</h1>")],
  ["nothing", (request) => request.socket.destroy()],
])("a server that is another, and answers %s, is told as what it is", async (_what, answer) => {
  const url = await page(answer);
  const { code, stdout, stderr } = await commandsFor(
    () => ({ operatorUrl: url, operatorToken: "a-token-of-nobody" }) as RunningServer,
  ).run(["rehearse", ...PRODUCT]);
  expect({ code: code !== 0, stdout }).toEqual({ code: true, stdout: "" });
  expect(stderr).toMatch(/^countinghouse: .*(?:operator API|cannot be reached)/);
  expect(stderr).not.toContain("a-token-of-nobody");
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
