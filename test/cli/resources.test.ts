/** `resource` and `report` on the command line. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { add } from "../support/operator-api.ts";
import { startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

const INSTANCE = "i-0123456789abcdef0";
let server: RunningServer;
const { ok, json, fails } = commandsFor(() => server);

beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", "manual:2026-03-10T12:00:00Z"]);
  await add(server, "/accounts", { id: "555566667777", roles: [{ name: "app" }] });
});
afterAll(() => server.stop());

const told = ["--id", INSTANCE, "--account", "555566667777", "--region", "us-east-1"] as const;

test("a resource is added, listed and stopped", async () => {
  const added = await ok("resource", "add", "--platform", "ec2", ...told, "--role", "app");
  expect(added).toContain(server.endpoint);
  const again = (await json("resource", "add", "--platform", "ec2", ...told)) as Record<string, unknown>;
  expect(again).toMatchObject({ externalId: INSTANCE, roleName: "app", live: true });
  const [heading, row] = cellsOf(await ok("resource", "list", "--live"));
  expect(heading?.slice(0, 2)).toEqual(["resourceId", "externalId"]);
  expect(row?.slice(0, 2)).toEqual([again["resourceId"], INSTANCE]);
  const id = String(again["resourceId"]);
  expect(await json("resource", "show", id)).toMatchObject({ resourceId: id, externalId: INSTANCE, roleName: "app" });
  expect(await ok("resource", "show", id)).toMatch(/^externalId +i-0123456789abcdef0$/m);
  expect(await ok("resource", "stop", id)).toBe(`Resource ${id} ended at 2026-03-10T12:00:00.000Z.\n`);
  expect(await json("resource", "list", "--live")).toEqual([]);
  expect(await json("resource", "list", "--ended", "--platform", "ec2")).toMatchObject([{ resourceId: id }]);
});

test("what is wrong with a resource is said", async () => {
  expect(await fails(1, "resource", "add", "--platform", "eks", ...told)).toContain("externalId: must be a pod uid");
  expect(await fails(1, "resource", "stop", "ec2-0")).toContain("No resource ec2-0");
  expect(await fails(1, "resource", "show", "ec2-0")).toContain("No resource ec2-0");
  expect(await fails(2, "resource", "add", "--platform", "vm", ...told)).toContain("Allowed choices are");
  expect(await fails(2, "resource", "list", "--live", "--ended")).toContain("cannot be used with");
});

test("a report comes as CSV, or as JSON", async () => {
  const csv = await ok("report", "usage-by-instance-type", "--month", "2026-03");
  expect(csv).toMatch(/^Customer Reference ID,.*,Payer Address ID\r\n$/);
  const report = await json("report", "usage-by-instance-type", "--month", "2026-03", "--seller", "111122223333");
  expect(report).toEqual({ month: "2026-03", asOf: "2026-03-10T12:00:00.000Z", rows: [] });
  expect(await fails(2, "report", "usage-by-instance-type", "--month", "2026-13")).toContain(
    "must be a month since 1970, such as 2026-03",
  );
  expect(await json("report", "usage-by-instance-type", "--seller", "111122223333")).toEqual(report);
});
