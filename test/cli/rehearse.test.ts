/** `rehearse`: against the example landing page, a seller's program that does all right, and one that does not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLandingPage, type LandingPage } from "../support/landing-page.ts";
import { DEMO, NODE_FLAGS, startServer, type RunningServer } from "../support/server.ts";
import { newFolder, start } from "../support/scoped.ts";
import { commandsFor } from "./command.ts";

const PROGRAM = fileURLToPath(new URL("programs/hourly-meter.ts", import.meta.url));
const METER = `'${process.execPath}' ${NODE_FLAGS.join(" ")} '${PROGRAM}'`;
const PRODUCT = ["--product", DEMO.productCode];

let server: RunningServer;
let seller: LandingPage;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--rules", "current", "--clock", "manual:2026-03-15T10:30:00Z"]);
  seller = await startLandingPage(server.endpoint);
});
afterAll(async () => {
  seller.stop();
  await server.stop();
});

const { run, fails } = commandsFor(() => server);

interface Rehearsal {
  readonly steps: readonly { readonly id: string; readonly verdict: string; readonly saw: string }[];
}

const verdictsOf = (stdout: string): Readonly<Record<string, string>> =>
  Object.fromEntries((JSON.parse(stdout) as Rehearsal).steps.map(({ id, verdict }) => [id, verdict]));

test("passes a seller who does all right, and says what it saw of each step", async () => {
  const junit = join(newFolder(), "rehearsal.xml");
  const args = ["rehearse", ...PRODUCT, "--landing", seller.url, "--meter", METER, "--hours", "5", "--junit", junit];
  const { code, stdout, stderr } = await run([...args, "--strict"]);
  expect(stderr, stdout).toBe("");
  expect(stdout.split("\n").filter((line) => line.startsWith("pass "))).toHaveLength(11);
  expect(stdout).toContain("It answered 200; 1 of 1 calls of ResolveCustomer succeeded.");
  expect(stdout).toContain("5 of 5 hours have records: 5 records.");
  expect(stdout).toContain("It answered 400; ResolveCustomer answered ExpiredTokenException.");
  expect(stdout).toContain("11 passed, 0 failed, 0 not seen.");
  expect(code).toBe(0);
  const xml = readFileSync(junit, "utf8");
  expect(xml).toContain('tests="11" failures="0" skipped="0"');
  expect(xml.match(/<testcase /g)).toHaveLength(11);
});

test("fails a seller who loses what is throttled and unprocessed, by name", async () => {
  const junit = join(newFolder(), "rehearsal.xml");
  const meter = `CARELESS=yes ${METER}`;
  const { code, stdout, stderr } = await run(["rehearse", ...PRODUCT, "--meter", meter, "--json", "--junit", junit]);
  expect(verdictsOf(stdout)).toMatchObject({
    landing: "not-seen",
    hourly: "fail",
    "lost-answer": "fail",
    throttled: "fail",
    unprocessed: "fail",
    "final-hour": "pass",
    mistakes: "fail",
  });
  expect(stdout).toContain("Unprocessed records are not sent again (unprocessed-not-sent-again)");
  expect(stderr).toBe("countinghouse: 5 of 11 steps did not pass.\n");
  expect(code).toBe(1);
  expect(readFileSync(junit, "utf8")).toContain('failures="5" skipped="3"');
});

test("says what it did not see, of a program that does nothing, and of a page that is not there", async () => {
  const landing = ["--landing", "http://127.0.0.1:9/register"];
  const { code, stdout } = await run(["rehearse", ...PRODUCT, ...landing, "--hours", "1", "--wait", "1", "--json"]);
  expect(verdictsOf(stdout)).toMatchObject({
    landing: "fail",
    hourly: "fail",
    "final-hour": "not-seen",
    mistakes: "not-seen",
  });
  expect(stdout).toContain("It did not answer");
  expect(code).toBe(1);
});

test("refuses a clock that stands for itself, other products, and what is no address", async () => {
  expect(await fails(2, "rehearse", ...PRODUCT, "--landing", "ftp://x")).toContain("--landing must be an address");
  expect(await fails(2, "rehearse")).toContain("--product");
  expect(await fails(1, "rehearse", "--product", "nothing")).toContain("nothing");
  const other = await start(["--store", "memory:"]);
  const commands = commandsFor(() => other);
  expect(await commands.fails(1, "rehearse", ...PRODUCT)).toContain("start the server with --clock manual");
});

test.each([
  ["it is interrupted", () => "kill -INT $PPID", 130, "It was interrupted."],
  ["the server has gone", (lab: RunningServer) => `kill -KILL ${lab.process.pid}`, 3, "cannot be reached"],
])("reports what it saw before %s, and leaves no fault behind", async (_what, ending, code, why) => {
  const lab = await start(["--store", "memory:", "--clock", "manual:2026-03-15T10:30:00Z"]);
  const [folder, junit] = [newFolder(), join(newFolder(), "rehearsal.xml")];
  // In the second hour, which has a fault.
  const meter = `echo hour >> ${folder}/hours; if [ $(wc -l < ${folder}/hours) -eq 2 ]; then ${ending(lab)}; fi`;
  const landing = ["--landing", "http://127.0.0.1:9/register"];
  const args = ["rehearse", ...PRODUCT, ...landing, "--meter", meter, "--hours", "5", "--json", "--junit", junit];
  const ran = await commandsFor(() => lab).run(args);
  expect(ran.code, ran.stderr).toBe(code);
  expect(ran.stderr).toContain(why);
  expect(verdictsOf(ran.stdout)).toEqual({ landing: "fail", "landing-again": "fail", end: "fail" });
  expect(readFileSync(junit, "utf8")).toContain('tests="3" failures="3" skipped="0"');
  if (code === 3) return;
  expect((await lab.operator("GET", "/faults")).body).toEqual({ items: [] });
});
