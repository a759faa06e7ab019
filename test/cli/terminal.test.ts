/** Colours and widths, on a real terminal and without one. */
import { describe, expect, onTestFinished, test } from "vitest";
import { environmentWithCommand, isThere, onTerminal } from "../support/command-on-path.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";

const ESCAPE = "\u001b[";
const BOLD_HEADING = `${ESCAPE}1magreementId`;

async function lab(): Promise<{ readonly folder: string; readonly data: string }> {
  const folder = newFolder();
  const data = `${folder}/data`;
  await start(["--store", `sqlite:${data}`]);
  return { folder, data };
}

describe("without a terminal", () => {
  test("nothing is coloured, and no line is broken, whatever COLUMNS says", async () => {
    const { data } = await lab();
    const list = ["agreement", "list", "--data", data];
    const plain = await runCommand(list, { NO_COLOR: "", COLUMNS: "" });
    expect(plain.stdout).not.toContain(ESCAPE);
    expect(plain.stdout.trimEnd().split("\n")).toHaveLength(6);
    expect(await runCommand(list, { COLUMNS: "40" })).toEqual(plain);
    const complaint = await runCommand(["frobnicate"]);
    expect(complaint.stderr).not.toContain(ESCAPE);
  });

  test("FORCE_COLOR colours, and NO_COLOR has the last word", async () => {
    const { data } = await lab();
    const list = ["agreement", "list", "--data", data];
    expect((await runCommand(list, { FORCE_COLOR: "1" })).stdout).toContain(BOLD_HEADING);
    expect((await runCommand(list, { FORCE_COLOR: "0" })).stdout).not.toContain(ESCAPE);
    expect((await runCommand(list, { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).not.toContain(ESCAPE);
    expect((await runCommand([...list, "--json"], { FORCE_COLOR: "1" })).stdout).not.toContain(ESCAPE);
    expect((await runCommand(["frobnicate"], { FORCE_COLOR: "1" })).stderr).toContain(`${ESCAPE}1m${ESCAPE}31merror:`);
    expect((await runCommand(["--help"], { FORCE_COLOR: "1" })).stdout).toContain(`${ESCAPE}1mUsage:`);
    expect((await runCommand(["--help"], { FORCE_COLOR: "1", NO_COLOR: "1" })).stdout).not.toContain(ESCAPE);
  });
});

const noTerminal = !isThere("script");
if (noTerminal) process.stdout.write("skipped: the command line on a terminal: script is not on this machine\n");

async function shown(columns: number, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const { folder, data } = await lab();
  const env = { ...environmentWithCommand(folder), ...variables };
  const command = `stty cols ${columns}; countinghouse agreement list --data '${data}'; echo the''end`;
  const terminal = onTerminal(`sh -c ${JSON.stringify(command)}`, env, folder);
  onTestFinished(() => terminal.end());
  return (await terminal.shown("theend")).replaceAll("\r\n", "\n");
}

describe.skipIf(noTerminal)("on a terminal", () => {
  test("the heading is set off, unless NO_COLOR is there", async () => {
    expect(await shown(300)).toContain(BOLD_HEADING);
    expect(await shown(300, { NO_COLOR: "1" })).not.toContain(ESCAPE);
  });

  test("what does not fit is shown member by member, with every id whole", async () => {
    const narrow = await shown(100, { NO_COLOR: "1" });
    expect(narrow).toContain("\nproductCode         0abcdefghijklmnopqrstuvwx\n");
    expect(narrow).toContain(
      "\nlicenseArn          arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001\n",
    );
    expect(narrow.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  test("COLUMNS is believed rather than the terminal", async () => {
    expect(await shown(300, { NO_COLOR: "1", COLUMNS: "100" })).toContain("\nproductCode         0abc");
    expect(await shown(100, { NO_COLOR: "1", COLUMNS: "300" })).not.toContain("\nproductCode         0abc");
  });
});
