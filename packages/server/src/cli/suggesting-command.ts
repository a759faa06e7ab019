/** A command that reports a mistyped option even where a required option is missing because of the mistake. */
import { Command, type Option } from "commander";

/** A method of commander that its types do not declare. Its version is pinned, and a test mistypes every option. */
interface Internals {
  unknownOption(flag: string): never;
}

export class SuggestingCommand extends Command {
  override createCommand(name?: string): SuggestingCommand {
    return new SuggestingCommand(name);
  }

  /** Commander checks required options first: without this, `--fil x` would only be answered that `--file` is required. */
  missingMandatoryOptionValue(option: Option): void {
    const unknown = this.args.find((word) => word.startsWith("-") && word !== "-" && word !== "--");
    if (unknown !== undefined) (this as unknown as Internals).unknownOption(unknown);
    this.error(`error: required option '${option.flags}' not specified`, {
      code: "commander.missingMandatoryOptionValue",
    });
  }
}
