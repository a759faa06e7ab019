/** Each tarball in an empty project: it loads both ways, and the first example of its README runs, on every Node it names. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NODES, emptyProject, firstExampleOf, type EmptyProject } from "../support/empty-project.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";
import { DEMO, startServer, type RunningServer } from "../support/server.ts";

const CLIENT = "@countinghouse/client";
const OUTBOX = "@countinghouse/outbox";
/** Of the entries whose names are few. */
const NAMES = {
  [CLIENT]:
    "MarketplaceMeteringClient MeteringError TransportError boundedExecutor defaultEndpointProvider defaultTransport epochMsOf isMeteringError startOfHour verifyRegistration",
  [`${CLIENT}/batch`]: "batchInputOf halves lineOf packed readOutcome",
  [`${CLIENT}/testing`]: "fakeMarket",
  [OUTBOX]: "OutboxError openOutbox",
  [`${OUTBOX}/postgres`]: "migratePostgres migrationSql postgresStore",
};

let project: EmptyProject;
let server: RunningServer;
beforeAll(async () => {
  project = await emptyProject(["@countinghouse/protocol", CLIENT, OUTBOX]);
  server = await startServer(["--store", "memory:", "--rules", "current"]);
}, PACK_TIMEOUT_MS);
afterAll(async () => {
  project.remove();
  await server.stop();
});

const surroundings = () => ({
  AWS_ENDPOINT_URL: server.endpoint,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
  AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
});

/** As CommonJS has it. */
function asCommonJs(program: string): string {
  const lines = program.replace(/^import (\{[^}]*\}) from ("[^"]+").*$/gm, "const $1 = require($2);");
  return `void (async () => {\n${lines}})();\n`;
}

describe.each(NODES)("on $name", ({ name, binary, missing }) => {
  if (missing) process.stdout.write(`The packages are not tried on ${name}: npm run runtimes installs it.\n`);

  test.skipIf(missing)("the first example of the client's README runs, as an ES module and as CommonJS", async () => {
    const readme = readFileSync(join(project.folder, "node_modules", CLIENT, "README.md"), "utf8");
    const example = firstExampleOf(readme, "js");
    const files = [project.write("first.mjs", example), project.write("first.cjs", asCommonJs(example))];
    for (const file of files) {
      const { code, output } = await project.run(binary, [file], surroundings());
      expect(output).toMatch(/^(accepted|replay) [0-9a-f-]{36}\n$/);
      expect(code).toBe(0);
    }
  });

  test.skipIf(missing).each(Object.entries(NAMES))("%s has the same names both ways", async (entry, names) => {
    const print = "console.log(Object.keys(loaded).filter((name) => name !== 'default').sort().join(' '))";
    const imported = `const loaded = await import('${entry}'); ${print}`;
    const required = `const loaded = require("${entry}"); ${print}`;
    for (const [type, program] of [
      ["module", imported],
      ["commonjs", required],
    ] as const) {
      const { output } = await project.run(binary, [`--input-type=${type}`, "--eval", program]);
      expect(output.trim(), type).toBe(names);
    }
  });
});

test("the first example of the outbox's README runs, as an ES module and as CommonJS, and its command tells of it", async () => {
  const readme = readFileSync(join(project.folder, "node_modules", OUTBOX, "README.md"), "utf8");
  const example = firstExampleOf(readme, "js");
  const files = [project.write("outbox.mjs", example), project.write("outbox.cjs", asCommonJs(example))];
  for (const file of files) {
    for (const name of ["usage.outbox", "usage.outbox-wal", "usage.outbox-shm"])
      rmSync(join(project.folder, name), { force: true });
    const { code, output } = await project.run(process.execPath, [file], surroundings());
    expect(output).toMatch(/^recorded\n1 delivered [0-9a-f-]{36}\n$/m);
    expect(code).toBe(0);
  }
  const command = join(project.folder, "node_modules/.bin/countinghouse-outbox");
  const env = { OUTBOX_STORE: "sqlite:usage.outbox" };
  const { output, code } = await project.run(process.execPath, [command, "verify"], env);
  expect(output).toMatch(/1 entries, 0 problems/);
  expect(code).toBe(0);
});

test.each([
  ["single sign-on (sso_…)", "sso_session = s\nsso_account_id = 1\n"],
  ["a process (credential_process)", "credential_process = /bin/true\n"],
  ["assuming a role (role_arn)", "role_arn = arn\nsource_profile = other\n"],
])("C2: a profile with %s names the optional package, where it is missing", async (what, section) => {
  const config = project.write("config", `[profile work]\nregion = us-east-1\n${section}`);
  const body = `
    const client = new MarketplaceMeteringClient({ profile: "work" });
    const { error } = await client.resolveCustomerOutcome({ registrationToken: "x" });
    console.log(error.name + ": " + error.message);\n`;
  const program = `import { MarketplaceMeteringClient } from "${CLIENT}";${body}`;
  for (const [type, text] of [
    ["module", program],
    ["commonjs", asCommonJs(program)],
  ] as const) {
    const { output } = await project.run(process.execPath, [`--input-type=${type}`, "--eval", text], {
      AWS_CONFIG_FILE: config,
    });
    expect(output.trim()).toBe(
      `CredentialsError: The profile "work" gets its credentials by ${what}, which needs the optional package @aws-sdk/credential-provider-node: npm install @aws-sdk/credential-provider-node`,
    );
  }
});
