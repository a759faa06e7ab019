/** Access keys made and taken away by the operator, as callers of the wire find them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { DEMO, officialClient, startServer, temporaryFolder, type RunningServer } from "../support/server.ts";

interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly userName: string;
}

let server: RunningServer;
const folder = temporaryFolder();
beforeAll(async () => {
  server = await startServer(["--store", `sqlite:${folder.path}`]);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const KEYS = `/accounts/${DEMO.seller}/access-keys`;
const call = (method: string, path: string, body?: unknown): Promise<OperatorAnswer> =>
  callOperator(server, method, path, { body });

async function makeKey(body?: object): Promise<AccessKey> {
  const answer = await call("POST", KEYS, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json as AccessKey;
}

/** What a call signed with the key comes to: `ok`, or the error's name. */
async function outcomeWith(key: { accessKeyId: string; secretAccessKey: string }): Promise<string> {
  const client = officialClient(server.endpoint, key);
  try {
    await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [] }));
    return "ok";
  } catch (error) {
    return (error as Error).name;
  } finally {
    client.destroy();
  }
}

async function shownKeys(): Promise<string[]> {
  const { json } = await call("GET", `/accounts/${DEMO.seller}`);
  return (json as { users: { accessKeyIds: string[] }[] }).users.flatMap(({ accessKeyIds }) => accessKeyIds);
}

test("a new key signs at once, for the account's first user where none is named", async () => {
  const key = await makeKey();
  expect(key).toEqual({
    accessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/) as string,
    secretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/) as string,
    accountId: DEMO.seller,
    userName: "metering",
  });
  expect(await outcomeWith(key)).toBe("ok");
  expect(await outcomeWith({ ...key, secretAccessKey: "another" })).toBe("InvalidSignatureException");
});

test("a key may do what its user may", async () => {
  const key = await makeKey({ userName: "read-only" });
  expect(key.userName).toBe("read-only");
  expect(await outcomeWith(key)).toBe("AccessDeniedException");
});

test("a secret is shown in the one answer that made it, and stands in no other answer, file or log", async () => {
  const { accessKeyId, secretAccessKey } = await makeKey();
  const answers = await Promise.all([
    call("GET", "/accounts"),
    call("GET", `/accounts/${DEMO.seller}`),
    call("PATCH", `/accounts/${DEMO.seller}`, {}),
    call("GET", "/metering-records"),
    call("DELETE", `${KEYS}/nothing`),
  ]);
  for (const { text } of answers) expect(text).not.toContain(secretAccessKey);
  expect(await shownKeys()).toContain(accessKeyId);

  const files = readdirSync(folder.path);
  expect(files).toContain("ledger.sqlite-wal");
  for (const file of files) {
    const bytes = readFileSync(join(folder.path, file));
    expect(bytes.includes(secretAccessKey), file).toBe(false);
    expect(bytes.includes(Buffer.from(secretAccessKey).toString("base64").slice(0, 32)), file).toBe(false);
    expect(bytes.includes(DEMO.secretAccessKey), file).toBe(false);
  }
  expect(server.output()).not.toContain(secretAccessKey);
});

test("a key that is taken away signs nothing more, and cannot be taken away twice", async () => {
  const key = await makeKey();
  expect(await outcomeWith(key)).toBe("ok");
  const answer = await call("DELETE", `${KEYS}/${key.accessKeyId}`);
  expect([answer.status, answer.text]).toEqual([204, ""]);
  expect(await outcomeWith(key)).toBe("UnrecognizedClientException");
  expect(await shownKeys()).not.toContain(key.accessKeyId);
  expectProblem(await call("DELETE", `${KEYS}/${key.accessKeyId}`), 404, /has no access key/);
});

describe("no key is made or taken away", () => {
  test("for an account that is not there", async () => {
    expectProblem(await call("POST", "/accounts/999999999999/access-keys", {}), 404, /^No account 999999999999\.$/);
  });

  test("for a user who is not there", async () => {
    const answer = await call("POST", KEYS, { userName: "nobody" });
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(/^userName: .* no user nobody$/) as string]);
  });

  test("for an account without users", async () => {
    const answer = await call("POST", "/accounts/444455556666/access-keys", {});
    expectProblem(answer, 422, /does not fit/, [expect.stringMatching(/^userName: /) as string]);
  });

  test("with members that mean nothing", async () => {
    const answer = await call("POST", KEYS, { secretAccessKey: "chosen-by-the-caller" });
    expectProblem(answer, 422, /does not fit/, ["unknown member secretAccessKey"]);
  });

  test("that is another account's", async () => {
    const { accessKeyId } = await makeKey();
    expectProblem(await call("DELETE", `/accounts/444455556666/access-keys/${accessKeyId}`), 404, /has no access key/);
    expect(await shownKeys()).toContain(accessKeyId);
  });
});

async function users(): Promise<{ name: string }[]> {
  return ((await call("GET", `/accounts/${DEMO.seller}`)).json as { users: { name: string }[] }).users;
}

const userWith = (secretAccessKey: string): object[] => [
  { name: "a", accessKeyId: "AKIAGIVENGIVENGIVEN1", secretAccessKey },
];

describe("when an account is changed", () => {
  test("the keys of the users who stay go on signing", async () => {
    const key = await makeKey();
    const changed = await call("PATCH", `/accounts/${DEMO.seller}`, {
      title: "New title",
      users: [...(await users()), { name: "new" }],
    });
    expect(changed.status, changed.text).toBe(200);
    expect(await shownKeys()).toEqual(expect.arrayContaining([key.accessKeyId, DEMO.accessKeyId]));
    expect([await outcomeWith(key), await outcomeWith(DEMO)]).toEqual(["ok", "ok"]);
  });

  test("a user who goes takes his keys along, and a new one of his name does not get them", async () => {
    const before = await users();
    await call("PATCH", `/accounts/${DEMO.seller}`, { users: [...before, { name: "guest" }] });
    const key = await makeKey({ userName: "guest" });
    expect(await outcomeWith(key)).toBe("ok");
    await call("PATCH", `/accounts/${DEMO.seller}`, { users: before });
    expect(await outcomeWith(key)).toBe("UnrecognizedClientException");
    await call("PATCH", `/accounts/${DEMO.seller}`, { users: [...before, { name: "guest" }] });
    expect(await outcomeWith(key)).toBe("UnrecognizedClientException");
    expect(await outcomeWith(DEMO)).toBe("ok");
  });

  test("a key can be given with its user, and given another secret", async () => {
    const added = await call("POST", "/accounts", { id: "999900001111", users: userWith("first-secret") });
    expect(added.status, added.text).toBe(201);
    expect(added.text).not.toContain("first-secret");
    // The account sells nothing: whoever is let in finds that the product is not his.
    const first = { accessKeyId: "AKIAGIVENGIVENGIVEN1", secretAccessKey: "first-secret" };
    expect(await outcomeWith(first)).toBe("InvalidProductCodeException");
    await call("PATCH", "/accounts/999900001111", { users: userWith("second-secret") });
    expect(await outcomeWith(first)).toBe("InvalidSignatureException");
    expect(await outcomeWith({ ...first, secretAccessKey: "second-secret" })).toBe("InvalidProductCodeException");
  });
});

test("keys outlive a restart", async () => {
  const key = await makeKey();
  const gone = await makeKey();
  await call("DELETE", `${KEYS}/${gone.accessKeyId}`);
  await server.stop();
  server = await startServer(["--store", `sqlite:${folder.path}`]);
  expect(await outcomeWith(key)).toBe("ok");
  expect(await outcomeWith(gone)).toBe("UnrecognizedClientException");
});
