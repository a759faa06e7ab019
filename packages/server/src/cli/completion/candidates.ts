/** Finds the words that may come next on a command line that is being typed, from the commands' declarations. Runs nothing. */
import type { Argument, Command, Option } from "commander";

interface Candidate {
  readonly value: string;
  readonly description: string;
}

interface Candidates {
  readonly items: readonly Candidate[];
  /** Whether a file name may come next. */
  readonly files: boolean;
}

const NOTHING: Candidates = { items: [], files: false };
const FILES: Candidates = { items: [], files: true };

/** `words` follow the program's name; the last one, which may be empty, is being typed. */
export function candidatesFor(program: Command, words: readonly string[]): Candidates {
  const typed = words.at(-1) ?? "";
  const place = placeAfter(program, words.slice(0, -1));
  const { items, files } = place.awaited === undefined ? wordsAt(place, typed) : valuesOf(place.awaited);
  return { items: items.filter(({ value }) => value.startsWith(typed)), files };
}

/** The place on the command line after some words. */
interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly awaited?: Option | undefined;
  /** How many arguments of the command have been given. */
  readonly given: number;
  readonly used: readonly Option[];
  /** Whether `--` has ended the options. */
  readonly plain: boolean;
  /** How many words follow `help`; undefined without `help`. */
  readonly afterHelp?: number | undefined;
}

function placeAfter(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, given: 0, used: [], plain: false };
  for (const word of words) place = after(place, word);
  return place;
}

function after(place: Place, word: string): Place {
  const { command, awaited, given, used, plain, afterHelp } = place;
  if (afterHelp !== undefined) return { ...place, afterHelp: afterHelp + 1 };
  if (awaited !== undefined) return { ...place, awaited: undefined };
  if (!plain && word === "--") return { ...place, plain: true };
  if (!plain && word.startsWith("-")) {
    const [name = word] = word.split("=", 1);
    const option = optionOf(command, name);
    if (option === undefined) return place;
    const waits = (option.required || option.optional) && !word.includes("=");
    return { ...place, used: [...used, option], awaited: waits ? option : undefined };
  }
  if (word === "help" && command.commands.length > 0) return { ...place, afterHelp: 0 };
  const inner = command.commands.find((known) => known.name() === word);
  return inner === undefined ? { ...place, given: given + 1 } : { command: inner, given: 0, used: [], plain };
}

function optionOf(command: Command, name: string): Option | undefined {
  return command.options.find(({ long, short }) => long === name || short === name);
}

function commandsAt(command: Command): Candidate[] {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((known) => ({ value: known.name(), description: known.description() }));
}

/** Options, commands or arguments that may come next. */
function wordsAt(place: Place, typed: string): Candidates {
  const { command, plain, afterHelp } = place;
  if (afterHelp !== undefined) return { items: afterHelp === 0 ? commandsAt(command) : [], files: false };
  if (!plain && typed.startsWith("-")) {
    const [, name] = /^(--?[^=]+)=/.exec(typed) ?? [];
    if (name === undefined) return { items: optionsAt(place), files: false };
    const option = optionOf(command, name);
    if (option === undefined) return NOTHING;
    const { items, files } = valuesOf(option);
    return { items: items.map((item) => ({ ...item, value: `${name}=${item.value}` })), files };
  }
  const argument = argumentAt(place);
  if (argument !== undefined) return valuesOfArgument(argument);
  const commands = commandsAt(command);
  if (commands.length > 0) return { items: commands, files: false };
  return plain ? NOTHING : { items: optionsAt(place), files: false };
}

/** The options that may still be given, in the order of the command's help. */
function optionsAt({ command, used }: Place): Candidate[] {
  const open = command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => option.variadic || !used.some((one) => one.attributeName() === option.attributeName()));
  return open.map((option) => ({ value: option.long ?? option.short ?? "", description: option.description }));
}

function argumentAt({ command, given }: Place): Argument | undefined {
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
}

function valuesOf(option: Option): Candidates {
  if (option.argChoices !== undefined) return choices(option.argChoices);
  return namesFile(option.flags) ? FILES : NOTHING;
}

function valuesOfArgument(argument: Argument): Candidates {
  if (argument.argChoices !== undefined) return choices(argument.argChoices);
  return namesFile(argument.name()) ? FILES : NOTHING;
}

function choices(values: readonly string[]): Candidates {
  return { items: values.map((value) => ({ value, description: "" })), files: false };
}

/** By the name in the help: `--catalog <file>`, `--data <folder>`, `--kubernetes <kubeconfig>`, `backup <to-file>`. */
function namesFile(said: string): boolean {
  return /(files?|folder|place|kubeconfig)>?$/.test(said);
}
