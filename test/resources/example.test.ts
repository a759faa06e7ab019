/** The example of paid containers, run as a newcomer runs it: `npm run example:container`. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test(
  "R3, R4: containers that ran for 90 and for 10 seconds are reported with 90 and 60",
  { timeout: 60_000 },
  async () => {
    const example = fileURLToPath(new URL("../../examples/container-metering.ts", import.meta.url));
    const args = ["--conditions=@countinghouse/source", example];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(/444455556666 {2}Acme Gateway {2}90 s = 0\.025 hours {2}0\.009 USD/);
    expect(stdout).toMatch(/777788889999 {2}Acme Gateway {2}60 s = /);
    expect(stdout).toMatch(/^Done\.$/m);
  },
);
