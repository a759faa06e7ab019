/** Completion in the shells themselves: what they show for what has been typed, and that they run nothing of it. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { environmentWithCommand, isThere, onTerminal } from "../support/command-on-path.ts";
import { newFolder } from "../support/scoped.ts";

const missing = (program: string): boolean => {
  const isMissing = !isThere(program);
  if (isMissing) process.stdout.write(`skipped: completion in ${program}: it is not on this machine\n`);
  return isMissing;
};

function newHome(): { readonly home: string; readonly env: NodeJS.ProcessEnv } {
  const home = newFolder();
  return { home, env: environmentWithCommand(home) };
}

/** Sourced, as it is documented; then asked as Bash would, line by line. */
function completedInBash(lines: readonly string[]): { readonly answers: string[][]; readonly home: string } {
  const { home, env } = newHome();
  const program = `
    set -u
    eval "$(countinghouse completion bash)"
    eval "$(countinghouse completion bash)"
    complete -p countinghouse >&2
    while IFS= read -r COMP_LINE; do
      COMP_POINT=\${#COMP_LINE}
      _countinghouse countinghouse
      (IFS='|'; printf '%s\\n' "\${COMPREPLY[*]-}")
    done`;
  const ran = spawnSync("bash", ["--norc", "-c", program], { env, cwd: home, encoding: "utf8", input: `${lines.join("\n")}\n` }); // prettier-ignore
  expect(ran.stderr).toBe("complete -F _countinghouse countinghouse\n");
  expect(ran.status).toBe(0);
  return { answers: ran.stdout.trimEnd().split("\n").map((line) => (line === "" ? [] : line.split("|"))), home }; // prettier-ignore
}

describe.skipIf(missing("bash"))("bash", () => {
  test("completes commands, options and their values, in both spellings", () => {
    const { answers } = completedInBash([
      "countinghouse rec",
      "countinghouse fault ",
      "countinghouse fault add --kin",
      "countinghouse fault add --kind d",
      "countinghouse fault add --kind=d",
      "countinghouse completion ",
    ]);
    expect(answers).toEqual([
      ["records"],
      ["add", "list", "clear", "help"],
      ["--kind"],
      ["delay", "drop-answer"],
      // Bash has cut the word at "=".
      ["delay", "drop-answer"],
      ["bash", "zsh", "fish"],
    ]);
  });

  test("evaluates nothing of what was typed", () => {
    const { answers, home } = completedInBash([
      "countinghouse $(touch evaluated) fau",
      "countinghouse `touch evaluated` --kin; touch evaluated; ",
      "countinghouse records list --product '$(touch evaluated)' --dim",
    ]);
    expect(answers.at(-1)).toEqual(["--dimension"]);
    expect(existsSync(join(home, "evaluated"))).toBe(false);
  });

  test.skipIf(missing("script"))("on a terminal, by the tabulator, names of files as well", async () => {
    const { home, env } = newHome();
    writeFileSync(join(home, "catalogue of mine.yaml"), "");
    const terminal = onTerminal("bash --norc --noprofile -i", { ...env, PS1: "ready> " }, home);
    onTestFinished(() => terminal.end());
    await terminal.shown("ready> ");
    terminal.type('eval "$(countinghouse completion bash)"; echo sour""ced\n');
    await terminal.shown("sourced");
    terminal.type("countinghouse prod\t");
    await terminal.shown("product ");
    terminal.type("ad\t");
    await terminal.shown("add ");
    terminal.type("--fi\t");
    await terminal.shown("--file ");
    terminal.type("cata\t");
    await terminal.shown("catalogue\\ of\\ mine.yaml");
  });
});

describe.skipIf(missing("fish"))("fish", () => {
  test("completes commands, options and their values, with what they are for, and files", () => {
    const { home, env } = newHome();
    writeFileSync(join(home, "products.yaml"), "");
    const completed = (line: string): string[] => {
      const program = "countinghouse completion fish | source; complete --do-complete $argv[1]";
      const ran = spawnSync("fish", ["--no-config", "-c", program, line], { env, cwd: home, encoding: "utf8" });
      expect(ran.stderr).toBe("");
      return ran.stdout.trimEnd().split("\n");
    };
    expect(completed("countinghouse rec")).toEqual([
      "records\tMetering records: usage that was accepted, once per key",
    ]);
    expect(completed("countinghouse fault add --kind d").map((line) => line.trim())).toEqual(["delay", "drop-answer"]);
    expect(completed("countinghouse fault add --kind=d").map((line) => line.trim())).toEqual(["--kind=delay", "--kind=drop-answer"]); // prettier-ignore
    expect(completed("countinghouse product add --file prod").join()).toContain("products.yaml");
    expect(completed("countinghouse records list --product '$(touch evaluated)' --dim").join()).toContain(
      "--dimension",
    );
    expect(existsSync(join(home, "evaluated"))).toBe(false);
  });
});

describe.skipIf(missing("zsh") || missing("script"))("zsh", () => {
  test("completes on a terminal, by the tabulator", async () => {
    const { home, env } = newHome();
    writeFileSync(join(home, "products.yaml"), "");
    const terminal = onTerminal("zsh --no-rcs -i", { ...env, PS1: "ready> " }, home);
    onTestFinished(() => terminal.end());
    await terminal.shown("ready> ");
    terminal.type("autoload -U compinit; compinit -D; eval \"$(countinghouse completion zsh)\"; echo sour''ced\n");
    await terminal.shown("sourced");
    // What is completed is shown, and what was typed not again.
    terminal.type("countinghouse prod\t");
    await terminal.shown("uct");
    terminal.type("set-\t");
    await terminal.shown("price");
    terminal.type("\u0015countinghouse product add --fi\t");
    await terminal.shown("product add --fi");
    terminal.type("products.y\t");
    await terminal.shown("aml");
    terminal.type("\u0015countinghouse fault add --kind=drop\t");
    await terminal.shown("-answer");
  });
});
