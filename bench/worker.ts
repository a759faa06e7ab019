/** Processes of a benchmark that do one thing at a time. */
import { fork } from "node:child_process";
import type { LoadCommand, LoadResult } from "./load/load.ts";
import type { StoreCommand, StoreResult } from "./servers/store.ts";

interface Worker<Command, Result> {
  call(command: Command): Promise<Result>;
  stop(): void;
}

export function startLoad(): Worker<LoadCommand, LoadResult> {
  return startWorker("./load/load.ts", []);
}

export function startStore(path: string): Worker<StoreCommand, StoreResult> {
  return startWorker("./servers/store.ts", [path]);
}

function startWorker<Command extends object, Result>(file: string, args: string[]): Worker<Command, Result> {
  const child = fork(new URL(file, import.meta.url), args, { execArgv: ["--conditions=@countinghouse/source"] });
  return {
    call: (command) =>
      new Promise((answer, reject) => {
        const ended = (code: number | null): void => reject(new Error(`The process of ${file} ended with ${code}.`));
        child.once("exit", ended);
        child.once("message", (result) => {
          child.off("exit", ended);
          answer(result as Result);
        });
        child.send(command);
      }),
    stop: () => {
      if (child.connected) child.disconnect();
    },
  };
}
