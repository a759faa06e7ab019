/** `add --file`: documents in YAML and JSON, one or many, from a file or standard input; complaints with their lines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, temporaryFolder, type RunningServer } from "../support/server.ts";
import { commandsFor } from "./command.ts";

let server: RunningServer;
const folder = temporaryFolder();
beforeAll(async () => {
  server = await startServer(["--store", "memory:"]);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const { run, ok, json, fails } = commandsFor(() => server);

function fileOf(name: string, text: string): string {
  const file = join(folder.path, name);
  writeFileSync(file, text);
  return file;
}

const product = (code: string): string => `
productCode: ${code}
title: Product ${code}
seller: "111122223333"   # must be there
type: saas
pricing: usage
dimensions:
  - { name: gb, price: "0.25" }
`;
const item = (document: string): string => `-${document.trim().replaceAll(/^/gm, "  ").slice(1)}\n`;

describe("a file", () => {
  test("may hold one document in YAML", async () => {
    const file = fileOf("one.yaml", product("p1"));
    expect(await ok("product", "add", "--file", file)).toBe("Added product p1.\n");
    expect(await json("product", "show", "p1")).toMatchObject({ dimensions: [{ name: "gb", kind: "metered" }] });
  });

  test("may hold a list in YAML", async () => {
    const file = fileOf("list.yaml", item(product("p2")) + item(product("p3")));
    expect(await ok("product", "add", "--file", file)).toBe("Added product p2.\nAdded product p3.\n");
  });

  test("may hold one document or a list in JSON", async () => {
    const one = fileOf("one.json", JSON.stringify({ id: "999900000001", title: "One" }));
    expect(await json("account", "add", "--file", one)).toMatchObject({ id: "999900000001", title: "One" });
    const list = fileOf("list.json", JSON.stringify([{ id: "999900000002" }], undefined, 2));
    expect(await json("account", "add", "--file", list)).toEqual([{ id: "999900000002", users: [], roles: [] }]);
  });

  test("may be standard input", async () => {
    const agreement = { productCode: "0abcdefghijklmnopqrstuvwx", customerAccountId: "444455556666" };
    const text = JSON.stringify({ agreementId: "from-stdin", ...agreement, startsAt: "2026-01-01T00:00:00Z" });
    const { code, stdout } = await run(["agreement", "add", "--file", "-"], text);
    expect([code, stdout]).toEqual([0, "Added agreement from-stdin.\n"]);
  });

  test("may hold secrets, which nobody prints", async () => {
    const users = [{ name: "app", accessKeyId: "AKIAFILEFILEFILEFILE", secretAccessKey: "secret-in-a-file" }];
    const file = fileOf("keys.json", JSON.stringify({ id: "999900000003", users }));
    const { code, stdout, stderr } = await run(["account", "add", "--file", file, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("AKIAFILEFILEFILEFILE");
    expect(stdout).not.toContain("secret-in-a-file");
  });
});

describe("a file that is malformed ends with 2, and the place is told", () => {
  test.each([
    ["broken.yaml", "productCode: p9\ntitle: [a\nseller: b", ":3:1: "],
    ["broken.json", '{\n  "productCode": "p9",\n  "title" "t"\n}', ":3:11: "],
    ["twice.yaml", "productCode: p9\nproductCode: p9\n", ":2:1: Map keys must be unique"],
    ["two.yaml", "productCode: p9\n---\nproductCode: p9\n", ":2:1: "],
    ["alias.yaml", "productCode: *nothing\n", ":1:14: "],
  ])("%s", async (name, text, place) => {
    const file = fileOf(name, text);
    expect(await fails(2, "product", "add", "--file", file)).toContain(`countinghouse: ${file}${place}`);
  });

  test.each([
    ["nothing", ""],
    ["a comment", "# to be written\n"],
    ["an empty list", "[]"],
  ])("%s is no document", async (_name, text) => {
    const file = fileOf("empty.yaml", text);
    expect(await fails(2, "product", "add", "--file", file)).toBe(`countinghouse: ${file} holds no document.\n`);
  });

  test("and so does a file that is not there", async () => {
    expect(await fails(2, "product", "add", "--file", "nothing.yaml")).toBe(
      "countinghouse: nothing.yaml cannot be read (ENOENT).\n",
    );
  });
});

describe("documents that the server refuses end with 1, each complaint with its place", () => {
  test("of members that do not fit", async () => {
    const file = fileOf("wrong.yaml", product("p4").replace("type: saas", "type: book").replace('"0.25"', "0.25"));
    expect(await fails(1, "product", "add", "--file", file)).toBe(
      [
        `countinghouse: ${file}:5:7: type: Invalid option: expected one of "saas"|"ami"|"container"`,
        `${file}:8:24: dimensions.0.price: must be a decimal number, quoted`,
        "",
      ].join("\n"),
    );
  });

  test("of members that are missing, with the place of the document", async () => {
    const file = fileOf("missing.yaml", item(product("p5").replace(/title: .*\n/, "")));
    const complaint = await fails(1, "product", "add", "--file", file);
    expect(complaint).toMatch(/missing\.yaml:1:3: title: /);
  });

  test("of references, and of ids that are taken", async () => {
    const stray = fileOf("stray.yaml", product("p6").replace("111122223333", "999999999999"));
    const complaint = await fails(1, "product", "add", "--file", stray);
    expect(complaint).toBe(`countinghouse: ${stray}:4:9: seller: no account 999999999999\n`);
    const taken = fileOf("taken.yaml", product("0abcdefghijklmnopqrstuvwx"));
    expect(await fails(1, "product", "add", "--file", taken)).toMatch(
      /taken\.yaml:2:1: The product \S+ exists already/,
    );
  });

  test("and of a list it is told how far it came", async () => {
    const file = fileOf("half.yaml", item(product("p7")) + item(product("p7")) + item(product("p8")));
    const complaint = await fails(1, "product", "add", "--file", file);
    expect(complaint).toMatch(/half\.yaml:8:3: The product p7 exists already/);
    expect(complaint).toContain("\n1 of 3 products had been added.\n");
    expect(await fails(1, "product", "show", "p8")).toContain("No product p8.");
  });

  test("and none of them quotes a secret", async () => {
    const users = [{ name: "app", accessKeyId: "too-short", secretAccessKey: "secret-in-a-file" }];
    const file = fileOf("secret.json", JSON.stringify({ id: "999900000004", users }));
    const complaint = await fails(1, "account", "add", "--file", file);
    expect(complaint).toContain("users.0.accessKeyId: ");
    expect(complaint).not.toContain("secret-in-a-file");
  });
});

describe("change", () => {
  test("changes the members that a file names, and takes away those that it says are null", async () => {
    await ok("product", "add", "--file", fileOf("whole.yaml", product("changing")));
    const titled = fileOf("title.yaml", "title: Another title\nfulfilmentUrl: http://127.0.0.1:3000/register\n");
    expect(await ok("product", "change", "changing", "--file", titled)).toBe("Changed product changing.\n");
    const shown = {
      title: "Another title",
      fulfilmentUrl: "http://127.0.0.1:3000/register",
      dimensions: [{ name: "gb" }],
    };
    expect(await json("product", "show", "changing")).toMatchObject(shown);
    const without = fileOf("null.json", JSON.stringify({ fulfilmentUrl: null }));
    expect(await json("product", "change", "changing", "--file", without)).not.toHaveProperty("fulfilmentUrl");
  });

  test("takes accounts and agreements as well, and standard input", async () => {
    const account = await run(["account", "change", "111122223333", "--file", "-"], "title: Acme");
    expect(account).toMatchObject({ code: 0, stdout: "Changed account 111122223333.\n" });
    const agreement = await run(["agreement", "change", "agmt-demo1", "--file", "-"], "freeTrial: true");
    expect(agreement).toMatchObject({ code: 0, stdout: "Changed agreement agmt-demo1.\n" });
    expect(await json("agreement", "show", "agmt-demo1")).toMatchObject({ freeTrial: true });
  });

  test("says what is wrong, and where", async () => {
    const file = fileOf("wrong.yaml", 'title: ""\n');
    expect(await fails(1, "account", "change", "111122223333", "--file", file)).toMatch(/wrong\.yaml:1:8: title: /);
    expect(await fails(1, "account", "change", "999999999999", "--file", file)).toContain("No account 999999999999.");
    const list = fileOf("two.yaml", "- title: A\n- title: B\n");
    expect(await fails(2, "account", "change", "111122223333", "--file", list)).toContain("needs one document");
    expect(await fails(2, "account", "change", "111122223333")).toContain("required option '--file <file>'");
  });
});

test("issuer list shows whose web identity tokens are believed", async () => {
  expect(await json("issuer", "list")).toEqual([]);
  expect(await ok("issuer", "list")).toBe("issuer  keys  region\n");
});
