/** The server as a process: alone on its data folder, and leaving it well whichever way it ends. */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { Book, keptBy, NO_DIFFERENCES } from "../support/book.ts";
import { Connection, inputOf, loadServerArgs, meterInBook, startLoad, usageAt, Workload } from "../support/load.ts";
import { randomFrom } from "../support/random.ts";
import { bytesOf, signed, wireRequest } from "../support/raw-client.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, spawnServer, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";

test("a second server on a data folder is refused in plain words, and the first goes on", async () => {
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  const server = await start(args);
  const second = await runCommand(["serve", "--port", "0", ...args]);
  expect(second.code).toBe(1);
  expect(second.stderr).toBe(
    `countinghouse: The data folder ${join(path, "data")} is in use by another countinghouse process. Stop that one, or use another folder.\n`,
  );
  const book = new Book();
  const connection = new Connection(server.endpoint);
  expect((await meterInBook(connection, [usageAt(0)], book)).status).toBe(200);
  connection.close();
  expect(book.compare(await keptBy(server))).toEqual(NO_DIFFERENCES);
});

test("after kill -9 the data folder is free at once", async () => {
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  for (let round = 0; round < 3; round += 1) await (await start(args)).kill();
  expect(await (await start(args)).stop()).toBe(0);
});

test("a port that is in use is named, and the data folder is let go of", async () => {
  const path = newFolder();
  const server = await start(["--store", "memory:"]);
  const { port } = new URL(server.endpoint);
  const refused = await runCommand(["serve", "--port", port, "--store", `sqlite:${path}`]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toBe(
    `countinghouse: listen EADDRINUSE: address already in use 127.0.0.1:${port}: another program listens there; choose another --port.\n`,
  );
  expect(existsSync(join(path, "server.json"))).toBe(false);
  expect(await (await start(["--store", `sqlite:${path}`])).stop()).toBe(0);
});

test.for([
  ["in no folder", ["missing", "ready.json"], "ENOENT"],
  ["below a file", ["data", "secrets.key", "ready.json"], "ENOTDIR"],
] as const)("a ready file that cannot be written (%s) is named, and nothing is served on", async ([, at, code]) => {
  const path = newFolder();
  const store = ["--store", `sqlite:${join(path, "data")}`];
  const readyFile = join(path, ...at);
  const refused = await runCommand(["serve", "--port", "0", ...store, "--ready-file", readyFile]);
  expect(refused).toEqual({
    code: 2,
    stdout: "",
    stderr: `countinghouse: ${readyFile}, where the server tells its address, cannot be written (${code}).\n`,
  });
  expect(existsSync(join(path, "data", "server.json"))).toBe(false);
  expect(await (await start(store)).stop()).toBe(0);
});

test("a run file that cannot be written is named in the same way", async () => {
  const path = newFolder();
  mkdirSync(join(path, "server.json"));
  const refused = await runCommand(["serve", "--port", "0", "--store", `sqlite:${path}`]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    /server\.json, where the server tells its address, cannot be written \(E[A-Z]+\)\.\n$/,
  );
  expect(existsSync(join(path, "server.json.tmp"))).toBe(false);
  rmdirSync(join(path, "server.json"));
  expect(await (await start(["--store", `sqlite:${path}`])).stop()).toBe(0);
});

test("SIGTERM: a request under way is answered, waiting connections are closed, and the exit code is 0", async () => {
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  const server = await start(args);
  const book = new Book();
  const idle = new Connection(server.endpoint);
  onTestFinished(() => idle.close());
  await meterInBook(idle, [usageAt(0)], book);

  const requests = Array.from({ length: 6 }, (_, i) =>
    bytesOf(signed(wireRequest(server.endpoint, "BatchMeterUsage", inputOf([usageAt(i + 1)])))),
  );
  const callers = [open(server), open(server)] as const;
  for (const [i, { socket, received }] of callers.entries()) {
    socket.write(requests[3 * i] as Buffer);
    await until(() => received().includes("MeteringRecordId"));
    socket.write((requests[3 * i + 1] as Buffer).subarray(0, -20));
  }
  await delay(300);

  const exited = server.stop();
  await until(() => server.output().includes("SIGTERM: finishing what was taken in."));
  await delay(300);
  callers[0].socket.write((requests[1] as Buffer).subarray(-20));
  callers[1].socket.write(Buffer.concat([(requests[4] as Buffer).subarray(-20), requests[5] as Buffer]));
  await Promise.all(callers.map(({ closed }) => closed));
  expect(callers[0].received().match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  // A request right behind the one that was under way is answered too, and told to be the last.
  expect(callers[1].received().match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
  expect(callers[1].received().match(/Connection: close/gi)).toHaveLength(1);
  expect(await exited).toBe(0);
  expect(existsSync(join(path, "data", "server.json"))).toBe(false);

  const kept = await keptBy(await start(args));
  const customers = kept.map(({ key }) => key.split(" ")[1]);
  expect(new Set(customers)).toEqual(new Set([0, 1, 2, 4, 5, 6].map((n) => `customer${n}`)));
});

test("SIGTERM under load: whatever was taken in was answered, so what was not answered is not kept", async () => {
  const path = newFolder();
  const args = loadServerArgs(path, join(path, "data"));
  const book = new Book();
  const workload = new Workload(randomFrom(1), book);
  for (let round = 0; round < 3; round += 1) {
    const server = await start(args);
    const load = startLoad(server.endpoint, 8, workload, book);
    await delay(300);
    expect(await server.stop()).toBe(0);
    await load.stop();
  }
  const kept = await keptBy(await start(args));
  expect(book.compare(kept)).toEqual(NO_DIFFERENCES);
  expect(kept.length).toBe(book.acknowledgedKeys);
  expect(book.open.size).toBeGreaterThan(0);
});

test("callers that never finish, or never begin, their request do not hold up a stop", async () => {
  const server = await start(["--store", "memory:"]);
  const silent = open(server);
  const slow = open(server);
  slow.socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nonly this much");
  await delay(300);
  expect(await server.stop()).toBe(0);
  await Promise.all([silent.closed, slow.closed]);
});

test("Ctrl-C that arrives several times, as it does under npm, is one clean stop", async () => {
  const path = newFolder();
  const server = await start(["--store", `sqlite:${path}`]);
  const slow = open(server);
  slow.socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nonly this much");
  await delay(300);
  server.process.kill("SIGINT");
  await until(() => server.output().includes("SIGINT: finishing"));
  server.process.kill("SIGINT");
  const exited = server.stop();
  await delay(100);
  slow.socket.destroy();
  expect(await exited).toBe(0);
  expect(existsSync(join(path, "server.json"))).toBe(false);
});

test("a first start that is killed, whatever it had got to, leaves a folder that the next start can use", async () => {
  for (const file of ["lock.sqlite", "ledger.sqlite", "ledger.sqlite-wal", "secrets.key.tmp", "secrets.key"]) {
    const path = newFolder();
    const data = join(path, "data");
    const args = loadServerArgs(path, data);
    const child = spawnServer(["--port", "0", ...args]);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    // A file that is there for too short a time to be seen is waited for no longer than until the start is done.
    while (!existsSync(join(data, file)) && !existsSync(join(data, "server.json"))) {
      await delay(1);
    }
    child.kill("SIGKILL");
    await exited;

    const server = await start(args);
    const connection = new Connection(server.endpoint);
    const answer = await meterInBook(connection, [usageAt(0)], new Book());
    connection.close();
    expect(answer.status, `killed once ${file} was there`).toBe(200);
    await server.kill();
  }
});

interface Caller {
  readonly socket: Socket;
  readonly received: () => string;
  readonly closed: Promise<void>;
}

function open({ endpoint }: RunningServer): Caller {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { socket, received: () => text, closed };
}
