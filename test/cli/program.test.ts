/** The command line as a whole: how it finds a server, its exit codes, its help. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NODE_FLAGS, runCommand, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

const TOKEN = "token-of-the-operator-0123456789";

let server: RunningServer;
const folder = temporaryFolder();
beforeAll(async () => {
  const flags = ["--store", `sqlite:${folder.path}`, "--operator-token", TOKEN];
  // A switch of the environment, which the command line does not have.
  server = await startServer(flags, { COUNTINGHOUSE_LAB: "off", COUNTINGHOUSE_RULES: "current" });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

describe("the server is found", () => {
  test("by flags", async () => {
    const flags = ["--operator-url", server.operatorUrl, "--operator-token", TOKEN];
    expect((await runCommand(["clock", "show", ...flags])).code).toBe(0);
  });

  test("by the environment, and a flag wins over it", async () => {
    const env = { COUNTINGHOUSE_OPERATOR_URL: `${server.operatorUrl}/`, COUNTINGHOUSE_OPERATOR_TOKEN: "wrong-token" };
    expect((await runCommand(["clock", "show"], env)).code).toBe(1);
    expect((await runCommand(["clock", "show", "--operator-token", TOKEN], env)).code).toBe(0);
  });

  test("by the data folder that it runs on", async () => {
    expect((await runCommand(["clock", "show", "--data", folder.path])).code).toBe(0);
    const url = ["--operator-url", server.operatorUrl];
    expect((await runCommand(["clock", "show", "--data", folder.path, ...url])).code).toBe(0);
  });
});

const showOf = (url: string): ReturnType<typeof runCommand> =>
  runCommand(["clock", "show", "--operator-url", url, "--operator-token", TOKEN]);

describe("ends with 3", () => {
  test("where there is no server", async () => {
    const ran = await runCommand(["clock", "show", "--data", "/nowhere"]);
    expect(ran).toEqual({ code: 3, stdout: "", stderr: expect.stringContaining("No server found") as string });
  });

  test("where the server of the data folder has ended", async () => {
    const other = temporaryFolder();
    const stopped = await startServer(["--store", `sqlite:${other.path}`]);
    expect((await runCommand(["clock", "show", "--data", other.path])).code).toBe(0);
    await stopped.stop();
    expect((await runCommand(["clock", "show", "--data", other.path])).code).toBe(3);
    other.remove();
  });

  test("where nothing answers, or something else does", async () => {
    const other = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const url of [otherUrl, server.endpoint]) {
      const ran = await showOf(url);
      expect(ran.code).toBe(3);
      expect(ran.stderr).toContain("is not an operator API; its address is like http://127.0.0.1:7420/operator/v1.");
    }
    await new Promise((resolve) => other.close(resolve));
    const { code, stderr } = await showOf(otherUrl);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^countinghouse: The server at \S+ cannot be reached: .*ECONNREFUSED/);
  });
});

describe("ends with 1", () => {
  test("where the token is wrong, and does not repeat it", async () => {
    const ran = await runCommand(["clock", "show", "--data", folder.path, "--operator-token", "wrong-token-of-mine"]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("needs its bearer token");
    expect(ran.stderr).not.toContain("wrong-token-of-mine");
  });

  test("where the server refuses", async () => {
    const ran = await runCommand(["clock", "advance", "6h", "--data", folder.path]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("system clock cannot be moved");
    const reset = await runCommand(["reset", "--yes", "--data", folder.path]);
    expect(reset).toMatchObject({ code: 1, stderr: expect.stringContaining("needs --lab") as string });
  });
});

describe("ends with 2", () => {
  test.each([
    [["frobnicate"], "unknown command 'frobnicate'"],
    [["product", "frobnicate"], "unknown command 'frobnicate'"],
    [["product", "list", "--colour"], "unknown option '--colour'"],
    [["product", "list", "surplus"], "too many arguments"],
    [["product", "add"], "required option '--file <file>' not specified"],
    [["product"], "Usage: countinghouse product"],
    [[], "Usage: countinghouse"],
    [["serve", "--rules", "none"], "--rules must be classic or current"],
    [["clock", "show", "--operator-url", "7420", "--operator-token", "t"], "must be like http://127.0.0.1:7420"],
    [["clock", "show", "--operator-url", "http://127.0.0.1:1"], "--operator-token is missing"],
    [["clock", "show", "--operator-url", "http://anna:secret@host"], "must not hold a name or a password"],
  ])("%j", async (args, complaint) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(complaint);
  });

  test("for a token that cannot be sent, which is not repeated", async () => {
    const env = { COUNTINGHOUSE_OPERATOR_TOKEN: "geheim\nniss" };
    const ran = await runCommand(["clock", "show", "--data", folder.path], env);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be sent") as string });
    expect(ran.stderr).not.toContain("niss");
  });

  test("for a catalogue file that is not there, or not valid", async () => {
    const serve = ["serve", "--store", "memory:", "--port", "0", "--catalog"];
    const missing = await runCommand([...serve, "/nowhere/catalogue.yaml"]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be read (ENOENT)") as string });
    const file = join(folder.path, "catalogue.yaml");
    writeFileSync(file, "accounts:\n  - id: 12\n");
    const invalid = await runCommand([...serve, file]);
    expect(invalid).toMatchObject({ code: 2, stdout: "" });
    expect(invalid.stderr).toContain(`${file}:2:9: accounts.0.id: must be twelve digits, quoted`);
  });
});

test("the local server's token is sent to no other server", async () => {
  let seen: string | undefined;
  const other = createServer((request, response) => {
    seen = request.headers.authorization;
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/operator/v1`;
  expect((await runCommand(["clock", "show", "--data", folder.path, "--operator-url", url])).code).toBe(2);
  expect(seen).toBeUndefined();
  await new Promise((resolve) => other.close(resolve));
});

describe("the help", () => {
  test("names every command and the exit codes", async () => {
    const { code, stdout } = await runCommand(["--help"]);
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[|\s{2,})/gm)].map(([, name]) => name);
    const wanted = [
      "serve",
      "product",
      "agreement",
      "account",
      "access-key",
      "issuer",
      "token",
      "registration-key",
      "records",
      "usage",
      "resource",
      "report",
      "clock",
      "fault",
      "explain",
      "advise",
      "rehearse",
      "activity",
      "request",
      "search",
      "audit",
      "reset",
      "snapshot",
      "server",
      "store",
    ];
    expect(commands).toEqual([...wanted, "help"]);
    expect(stdout).toContain("Exit codes: 0 done; 1 refused, or failed; 2 the command line");
  });

  test("of serve says how flags are written in the environment", async () => {
    const { stdout } = await runCommand(["serve", "--help"]);
    expect(stdout).toContain("COUNTINGHOUSE_OPERATOR_TOKEN");
    expect(stdout).toContain("COUNTINGHOUSE_LAB=on");
  });

  test("of a command describes each of its flags", async () => {
    for (const command of [
      ["agreement", "add"],
      ["records", "list"],
      ["fault", "add"],
      ["explain"],
      ["audit", "search"],
      ["audit", "export"],
      ["store", "backup"],
      ["reset"],
    ]) {
      const { stdout } = await runCommand([...command, "--help"]);
      const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?--[\w-]+(?: <\w+>)?(.*)$/gm)];
      expect(flags.length).toBeGreaterThan(2);
      for (const [line, description] of flags) expect(description, line).toMatch(/^ {2,}\S/);
    }
  });

  test("and the version are on standard output", async () => {
    expect(await runCommand(["--version"])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
      stderr: "",
    });
  });
});

describe("serve takes its flags from the environment", () => {
  test("switches as well as values", async () => {
    await expect.poll(() => server.output()).toContain("current: usage is accepted for 24 hours");
    expect((await server.operator("POST", "/reset")).status).toBe(403);
  });

  test("and a switch that is on there is on", async () => {
    const lab = await startServer(["--store", "memory:"], { COUNTINGHOUSE_LAB: "on" });
    expect((await lab.operator("POST", "/reset")).status).toBe(204);
    await lab.stop();
  });

  test("but a flag wins", async () => {
    const classic = await startServer(["--store", "memory:", "--rules", "classic", "--no-lab"], {
      COUNTINGHOUSE_LAB: "on",
      COUNTINGHOUSE_RULES: "current",
    });
    await expect.poll(() => classic.output()).toContain("classic: usage is accepted for 6 hours");
    expect((await classic.operator("POST", "/reset")).status).toBe(403);
    await classic.stop();
  });
});

test("a reader that has seen enough is no failure", async () => {
  const main = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...NODE_FLAGS, main, "product", "list", "--data", folder.path], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
