/** Commands against one server, as tests run them. */
import { expect } from "vitest";
import { runCommand, type RunningServer } from "../support/server.ts";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Commands {
  /** Runs a command to its end, whatever that is. */
  readonly run: (args: readonly string[], input?: string) => Promise<Ran>;
  /** Runs a command that must succeed; answers what it printed. */
  readonly ok: (...args: string[]) => Promise<string>;
  /** Runs a command with `--json` that must succeed; answers what it printed, read. */
  readonly json: (...args: string[]) => Promise<unknown>;
  /** Runs a command that must fail in this way, with nothing on standard output; answers its complaint. */
  readonly fails: (code: number, ...args: string[]) => Promise<string>;
}

/** Commands that find their server by the environment. */
export function commandsFor(server: () => RunningServer): Commands {
  const run = (args: readonly string[], input?: string): Promise<Ran> => {
    const { operatorUrl, operatorToken } = server();
    return runCommand(
      args,
      { COUNTINGHOUSE_OPERATOR_URL: operatorUrl, COUNTINGHOUSE_OPERATOR_TOKEN: operatorToken },
      input,
    );
  };
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }, args.join(" ")).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  return {
    run,
    ok,
    json: async (...args) => JSON.parse(await ok(...args, "--json")) as unknown,
    fails: async (wanted, ...args) => {
      const { code, stdout, stderr } = await run(args);
      expect({ code, stdout }, `${args.join(" ")}\n${stderr}`).toEqual({ code: wanted, stdout: "" });
      return stderr;
    },
  };
}

/** A table as its words, line by line; columns are two spaces apart. */
export function cellsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));
}
