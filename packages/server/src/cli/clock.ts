/** `countinghouse clock`: the service clock, which rules go by. */
import type { Command } from "commander";
import { durationArgument, timeArgument } from "./arguments.ts";
import type { Clock } from "../operator/contract/lab.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print } from "./output.ts";

export function addClock(program: Command): void {
  const group = program.command("clock").description("The service clock: windows, tokens and agreements go by it");
  withConnection(group.command("show").description("Show where the service clock stands")).action(
    async (flags: ConnectionFlags) => printClock(flags, await connect(flags).call("GET /clock")),
  );
  withConnection(
    group
      .command("set")
      .argument("<time>", "such as 2026-07-01T06:00:00Z", timeArgument)
      .description("Move a manual or offset clock forward to a time"),
  ).action((now: string, flags: ConnectionFlags) => move(flags, { now }));
  withConnection(
    group
      .command("advance")
      .argument("<duration>", "seconds, or 90s, 15m, 6h, 2d", durationArgument)
      .description("Move a manual or offset clock forward by a duration"),
  ).action((advanceSeconds: number, flags: ConnectionFlags) => move(flags, { advanceSeconds }));
}

async function move(flags: ConnectionFlags, to: { now: string } | { advanceSeconds: number }): Promise<void> {
  printClock(flags, await connect(flags).call("PUT /clock", { body: to }));
}

function printClock(flags: ConnectionFlags, clock: Clock): void {
  print(flags, clock, describe(clock));
}
