/** A command that says what was mistyped, also where something else is missing because of it. */
import { Command, type Option } from "commander";

/** What commander does not declare, and calls; its version is pinned, and a test mistypes every option of every command. */
interface Internals {
  unknownOption(flag: string): never;
}

export class SuggestingCommand extends Command {
  override createCommand(name?: string): SuggestingCommand {
    return new SuggestingCommand(name);
  }

  /** Commander looks for what is missing first: `--fil x` would only be told that `--file` is required. */
  missingMandatoryOptionValue(option: Option): void {
    const unknown = this.args.find((word) => word.startsWith("-") && word !== "-" && word !== "--");
    if (unknown !== undefined) (this as unknown as Internals).unknownOption(unknown);
    this.error(`error: required option '${option.flags}' not specified`, {
      code: "commander.missingMandatoryOptionValue",
    });
  }
}
