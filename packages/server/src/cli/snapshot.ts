/** `countinghouse snapshot`: a lab as one file, for a report of a defect, a colleague, or a test. */
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { SNAPSHOT_FILE_BYTES_MAX } from "../operator/contract/values.ts";
import { CommandError, EXIT, connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { describe, print, table } from "./output.ts";

const LEFT_OUT = `
A snapshot holds the catalogue, the ledger and the place of the service clock. It holds no secret: secrets of access keys and the
keys that registrations are signed with are left out. It does hold what is in the ledger: accounts, addresses and usage.`;

const LOADED = `
The lab must be empty: started, and perhaps reset, but not called yet. Everything in it gives way to the snapshot, or nothing
does. An access key that the lab has as well, of the same user, keeps the lab's secret; every other one gets a new one, which is
printed once. Registration tokens and session credentials that the other lab has given out are not good here.`;

export function addSnapshot(program: Command): void {
  const group = program.command("snapshot").description("Save a lab as one file, and load it into another (lab only)");
  withConnection(group.command("save <to-file>").description("Save the lab to a new file, without its secrets"))
    .addHelpText("after", LEFT_OUT)
    .action(save);
  withConnection(group.command("load <from-file>").description("Load a snapshot into an empty lab"))
    .addHelpText("after", LOADED)
    .action(load);
}

async function save(toFile: string, flags: ConnectionFlags): Promise<void> {
  const target = resolve(toFile);
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) throw exists(target);
  const { file, ...saved } = await connect(flags).call("POST /snapshot/save");
  const bytes = Buffer.from(file, "base64");
  writeWhole(target, bytes);
  const result = { file: target, bytes: bytes.length, ...saved };
  print(flags, result, `${describe(result)}\n\nIt holds no secret of an access key, and no key that signs.`);
}

async function load(fromFile: string, flags: ConnectionFlags): Promise<void> {
  const bytes = readWhole(resolve(fromFile));
  const loaded = await connect(flags).call("POST /snapshot/load", { body: { file: bytes.toString("base64") } });
  const { accessKeys, ...rest } = loaded;
  const keys =
    accessKeys.length === 0
      ? "All access keys have the secrets that this lab has for them."
      : `Secrets of access keys are in no snapshot. These were made anew, and are shown only now:\n${table(
          {
            accessKeyId: ({ accessKeyId }) => accessKeyId,
            secretAccessKey: ({ secretAccessKey }) => secretAccessKey,
            account: ({ accountId }) => accountId,
            user: ({ userName }) => userName,
          },
          accessKeys,
        )}`;
  print(flags, loaded, `${describe(rest)}\n\n${keys}`);
}

function readWhole(file: string): Buffer {
  try {
    if (statSync(file).size > SNAPSHOT_FILE_BYTES_MAX) {
      const message = `${file} is too long for a snapshot, which has at most ${SNAPSHOT_FILE_BYTES_MAX / 1_048_576} MiB.`;
      throw new CommandError(message, EXIT.refused);
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, EXIT.usage);
  }
}

/** The file appears under its name when it is whole, and never in place of another. */
function writeWhole(target: string, bytes: Uint8Array): void {
  const part = `${target}.${process.pid}.part`;
  try {
    const descriptor = openSync(part, "w", 0o600);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(part, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw exists(target);
    throw new CommandError(`${target} cannot be written (${code}).`, EXIT.usage);
  } finally {
    rmSync(part, { force: true });
  }
}

function exists(target: string): CommandError {
  return new CommandError(`${target} exists already; a snapshot overwrites nothing.`, EXIT.usage);
}
