/** How the server gives the console out: from memory, under a strict policy, to nobody who came by another name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { request, type IncomingHttpHeaders } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { newFolder, start } from "../support/scoped.ts";
import type { Served } from "../support/server.ts";
import { DIST, buildConsole } from "./console.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it stands on the wire: no decoding, no redirect, any Host. */
function ask(server: Served, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(server.endpoint);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

const page = (): string => readFileSync(join(DIST, "index.html"), "utf8");
const asset = (): string => /assets\/index-[\w-]+\.js/.exec(page())?.[0] ?? "";

beforeAll(buildConsole);

describe("the console", () => {
  let server: DemoMarket;
  beforeAll(async () => {
    server = await demoMarket();
    return () => server.stop();
  });

  test("is a page that nobody stores, without anything inline, under a policy of its own", async () => {
    const { status, headers, body } = await ask(server, "/console/");
    expect(status).toBe(200);
    expect(body.toString()).toBe(page());
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(headers["set-cookie"]).toBeUndefined();
    const policy = String(headers["content-security-policy"]);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(body.toString()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/i);
  });

  test.each(["/console/products", "/console/agreements/agmt-demo1", "/console/no-such-screen", "/console/?x=1"])(
    "answers the page at %s: screens have addresses of their own",
    async (path) => {
      expect((await ask(server, path)).body.toString()).toBe(page());
    },
  );

  test("gives out what is hashed for ever, in the smallest form that is read", async () => {
    const path = `/console/${asset()}`;
    const plain = await ask(server, path);
    const gzip = await ask(server, path, { "accept-encoding": "gzip, deflate" });
    const brotli = await ask(server, path, { "accept-encoding": "gzip, deflate, br" });
    const none = await ask(server, path, { "accept-encoding": "br;q=0, gzip;q=0.0, identity" });
    expect([plain, gzip, brotli, none].map(({ headers }) => headers["content-encoding"])).toEqual([
      undefined,
      "gzip",
      "br",
      undefined,
    ]);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    expect(brotli.body.length).toBeLessThan(gzip.body.length);
    expect(plain.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(plain.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    const head = await ask(server, path, {}, "HEAD");
    expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([
      200,
      0,
      String(plain.body.length),
    ]);
  });

  test.each([
    ["a file that is not there", "/console/assets/index-gone.js", "GET", 404],
    ["a path that climbs", "/console/assets/../../package.json", "GET", 404],
    ["a path that climbs, encoded", "/console/assets/%2e%2e/%2e%2e/package.json", "GET", 404],
    ["what the build says of itself", "/console/assets/.stamp", "GET", 404],
    ["another method", "/console/", "POST", 405],
    ["the path without its end", "/console", "GET", 308],
  ])("answers %s as what it is", async (_what, path, method, status) => {
    const answer = await ask(server, path, {}, method);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toContain("text/plain");
    expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test.each(["rebound.example", "127.0.0.1.rebound.example:7420", "localhost.example"])(
    "is not given out under the name %s, which somebody else may own",
    async (host) => {
      expect((await ask(server, "/console/", { host })).status).toBe(403);
      expect((await ask(server, `/console/${asset()}`, { host })).status).toBe(403);
    },
  );

  test("shows the operator API nothing that a token does not", async () => {
    expect((await ask(server, "/operator/v1/server")).status).toBe(401);
  });
});

describe("the banner", () => {
  test("links to the console, with a token that was made in the part that a browser never sends", async () => {
    const server = await start(["--store", "memory:"]);
    await expect.poll(() => server.output()).toContain(`${server.endpoint}/console/#token=${server.operatorToken}`);
  });

  test("does not repeat a token that was given", async () => {
    const server = await start(["--store", "memory:", "--operator-token", "given-token-0123456789"]);
    await expect.poll(() => server.output()).toContain(`${server.endpoint}/console/\n`);
    expect(server.output()).not.toContain("given-token-0123456789");
  });

  test("shows no token where that is not wanted, and says where it is", async () => {
    const folder = join(newFolder(), "data");
    const server = await start(["--store", `sqlite:${folder}`, "--no-token-banner"]);
    await expect.poll(() => server.output()).toContain(`it is in ${folder}/server.json`);
    expect(server.output()).not.toContain(server.operatorToken);
    expect(readFileSync(join(folder, "server.json"), "utf8")).toContain(server.operatorToken);
  });

  test("names no console where there is none, on the command line or in the environment", async () => {
    for (const [args, env] of [
      [["--no-console"], {}],
      [[], { COUNTINGHOUSE_CONSOLE: "off" }],
    ] as const) {
      const server = await start(["--store", "memory:", ...args], env);
      expect((await ask(server, "/console/")).status).toBe(404);
      await expect.poll(() => server.output()).toContain("operator token");
      expect(server.output()).not.toContain("/console/");
    }
  });
});
