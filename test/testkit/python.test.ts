/** A test in another language: the program of docs/TEST-KIT.md, over the command line and its ready file. */
import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MAIN, NODE_FLAGS } from "../support/server.ts";

const PROGRAM = fileURLToPath(new URL("programs/test_metering.py", import.meta.url));

test("Python with boto3, by the command line's ready file", async (context) => {
  const asked = spawnSync("python3", ["-c", "import boto3"], { encoding: "utf8" });
  context.skip(asked.status !== 0, "boto3 is not installed: with CI=true, npm run sdks installs it");
  const COUNTINGHOUSE = [process.execPath, ...NODE_FLAGS, MAIN].join(" ");
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve) => {
    const env = {
      ...process.env,
      COUNTINGHOUSE,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    };
    const child = execFile("python3", [PROGRAM], { env, timeout: 55_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, output: stdout + stderr });
    });
  });
  expect(output).toMatch(/^passed$/m);
  expect(code).toBe(0);
});
