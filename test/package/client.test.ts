/** The client as it is published: its two packages alone in a folder, and nothing else installed. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, ensureBuilt } from "../support/built.ts";
import { newFolder } from "../support/scoped.ts";

const packages = fileURLToPath(new URL("../../packages", import.meta.url));

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

/** A folder with the packages as a bare install leaves them. */
function bareInstall(): string {
  const folder = newFolder();
  for (const name of ["client", "protocol"]) {
    const target = join(folder, "node_modules/@countinghouse", name);
    mkdirSync(target, { recursive: true });
    for (const file of ["package.json", "dist"])
      cpSync(join(packages, name, file), join(target, file), { recursive: true });
  }
  return folder;
}

function run(folder: string, program: string): string {
  const env = {
    PATH: process.env["PATH"] ?? "",
    AWS_CONFIG_FILE: join(folder, "config"),
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const flags = ["--input-type=module", "--eval", program];
  return execFileSync(process.execPath, flags, { cwd: folder, env, encoding: "utf8", timeout: 20_000 }).trim();
}

test("it loads, and has the names that its index lists", () => {
  const exported = run(
    bareInstall(),
    `console.log(Object.keys(await import("@countinghouse/client")).sort().join(" "))`,
  );
  expect(exported).toBe(
    "MarketplaceMeteringClient MeteringError TransportError boundedExecutor defaultEndpointProvider epochMsOf isMeteringError startOfHour verifyRegistration",
  );
});

test.each([
  ["single sign-on (sso_…)", "sso_session = s\nsso_account_id = 1\n"],
  ["a process (credential_process)", "credential_process = /bin/true\n"],
  ["assuming a role (role_arn)", "role_arn = arn\nsource_profile = other\n"],
])("C2: a profile with %s names the optional package, where it is missing", (what, section) => {
  const folder = bareInstall();
  writeFileSync(join(folder, "config"), `[profile work]\nregion = us-east-1\n${section}`);
  const program = `
    import { MarketplaceMeteringClient } from "@countinghouse/client";
    const client = new MarketplaceMeteringClient({ profile: "work" });
    const { error } = await client.resolveCustomerOutcome({ registrationToken: "x" });
    console.log(error.name + ": " + error.message);`;
  const output = run(folder, program);
  expect(output).toBe(
    `CredentialsError: The profile "work" gets its credentials by ${what}, which needs the optional package @aws-sdk/credential-provider-node: npm install @aws-sdk/credential-provider-node`,
  );
});

test("its declarations lead nowhere but to what is published", () => {
  const dist = join(packages, "client/dist");
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"));
  const neutral = files.filter(
    (file) =>
      !/^(platform\/(node|server-side|surroundings)|transport\/(agent|connection|response-parser|sockets))\.d\.ts$/.test(
        file,
      ),
  );
  const strays = neutral.flatMap((file) =>
    [...readFileSync(join(dist, file), "utf8").matchAll(/from "([^"]+)"/g)]
      .map(([, specifier = ""]) => specifier)
      .filter((specifier) => !/^(\.|@countinghouse\/protocol$)/.test(specifier))
      .map((specifier) => `${file}: ${specifier}`),
  );
  expect(neutral.length).toBeGreaterThan(20);
  expect(strays).toEqual([]);
});
