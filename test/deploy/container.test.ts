/** The Dockerfile: linted, held against the project, and its steps done by hand, up to a server that runs as it says. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { validate } from "dockerfile-utils";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ImageByHand, stagesOf, whyNotByHand } from "../support/image-by-hand.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";
import { temporaryFolder } from "../support/server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const dockerfile = text("Dockerfile");
const { version, devDependencies } = JSON.parse(text("package.json")) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

test("the Dockerfile can be read, and holds nothing that is deprecated or unknown", () => {
  expect(validate(dockerfile).map(({ message, range }) => [range.start.line + 1, message])).toEqual([]);
  expect(validate("FROM scratch\nCOPY a\nMAINTAINER x\n").length).toBe(2);
});

test("its bases are pinned to the Node that the project is tested with, and what it installs to the project's versions", () => {
  const stages = stagesOf(dockerfile);
  expect(stages.map(({ name }) => name)).toEqual(["pack", "install", ""]);
  expect(new Set(stages.map(({ base }) => base))).toEqual(new Set([`node:${devDependencies["node"]}-bookworm-slim`]));
  expect([...dockerfile.matchAll(/\bpg@(\S+)/g)].map(([, pg]) => pg)).toEqual([devDependencies["pg"]]);
  expect([...dockerfile.matchAll(/countinghouse:(\d\S*)/g)].map(([, tag]) => tag)).toEqual([version, version]);
  // The user is a number: Kubernetes cannot tell that a name is not root.
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
});

const reason = whyNotByHand();
if (reason !== undefined) process.stdout.write(`skipped: the steps of the Dockerfile by hand: ${reason}\n`);

function temporaryVolumes(): string {
  const temporary = temporaryFolder();
  chmodSync(temporary.path, 0o755);
  onTestFinished(() => temporary.remove());
  return temporary.path;
}

/** As an engine makes it: with the owner and the mode that the folder has in the image. */
function newVolume(): string {
  const volume = join(temporaryVolumes(), "data");
  mkdirSync(volume, { mode: 0o700 });
  chownSync(volume, 1000, 1000);
  return volume;
}

function files(): { readonly catalogue: string; readonly key: string } {
  const outside = temporaryVolumes();
  const catalogue = join(outside, "catalogue.yaml");
  copyFileSync(join(ROOT, "packages/server/src/catalogue/demo.yaml"), catalogue);
  const key = join(outside, "secrets.key");
  writeFileSync(key, Buffer.alloc(32, 7).toString("base64"));
  return { catalogue, key };
}

describe.skipIf(reason !== undefined)("its steps, by hand", { timeout: 150_000 }, () => {
  let image: ImageByHand;
  const folder = temporaryFolder();
  beforeAll(() => {
    image = new ImageByHand(folder.path, ROOT);
    image.build();
  }, 2 * PACK_TIMEOUT_MS);
  afterAll(() => folder.remove());

  test("it serves as a user that is not root, writes to its volume alone, is healthy, and ends with 0", async () => {
    const volume = newVolume();
    const { catalogue } = files();
    const how = {
      volumes: { "/data": volume },
      files: { "/etc/countinghouse/catalogue.yaml": catalogue },
      env: { COUNTINGHOUSE_CATALOG: "/etc/countinghouse/catalogue.yaml" },
    };
    const first = image.start(how);
    onTestFinished(() => first.kill("SIGKILL"));
    await expect
      .poll(() => first.isHealthy() || first.hasEnded(), { timeout: 60_000, message: first.output() })
      .toBe(true);
    await expect.poll(() => first.output()).toContain(`Countinghouse ${version} is listening on http://0.0.0.0:7420`);
    expect(first.run(["id", "--user"]).output).toBe("1000\n");
    expect(first.run(["touch", "/app/x"]).output).toContain("Read-only file system");
    expect(first.run(["touch", "/data/x"])).toEqual({ status: 0, output: "" });
    // PostgreSQL's driver is in it.
    expect(first.run(["node", "--eval", "console.log(typeof require('/app/node_modules/pg').Client)"]).output).toBe("function\n"); // prettier-ignore
    const commandLine = ["node", "/app/node_modules/countinghouse/bin/countinghouse.mjs"];
    const shown = first.run([...commandLine, "agreement", "show", "agmt-demo1", "--data", "/data", "--json"]);
    expect(JSON.parse(shown.output)).toMatchObject({ agreementId: "agmt-demo1", status: "active" });
    first.kill("SIGTERM");
    expect(await first.ended).toBe(0);

    const second = image.start(how);
    onTestFinished(() => second.kill("SIGKILL"));
    await expect.poll(() => second.isHealthy() || second.hasEnded(), { timeout: 60_000 }).toBe(true);
    second.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect(second.isHealthy()).toBe(false);
  });

  test("with the demo catalogue, whose keys are published, it refuses to start", async () => {
    const refused = image.start({ volumes: { "/data": newVolume() } });
    onTestFinished(() => refused.kill("SIGKILL"));
    expect(await refused.ended).toBe(2);
    expect(refused.output()).toContain("The demo catalogue's keys are published");
  });

  test.each([
    ["of root and readable by its group", 0, 0o440, true],
    ["its own, for nobody else", 1000, 0o600, true],
    ["of root and readable by all", 0, 0o444, false],
    ["its own, and readable by its group", 1000, 0o640, false],
  ])("a secrets key that is %s: %i, %o, taken: %s", async (_what, uid, mode, isTaken) => {
    const { catalogue, key } = files();
    chownSync(key, uid, 1000);
    chmodSync(key, mode);
    const started = image.start({
      volumes: { "/data": newVolume() },
      files: { "/etc/countinghouse/catalogue.yaml": catalogue, "/run/secrets.key": key },
      env: {
        COUNTINGHOUSE_CATALOG: "/etc/countinghouse/catalogue.yaml",
        COUNTINGHOUSE_SECRETS_KEY_FILE: "/run/secrets.key",
      },
    });
    onTestFinished(() => started.kill("SIGKILL"));
    if (isTaken) {
      await expect.poll(() => started.isHealthy() || started.hasEnded(), { timeout: 60_000 }).toBe(true);
      await expect.poll(() => started.output()).toContain("is listening");
    } else {
      expect(await started.ended).toBe(2);
      expect(started.output()).toContain("can be read by others");
    }
  });
});
