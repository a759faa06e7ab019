/** `countinghouse completion`: shells complete commands, options and their values. */
import { Argument, type Command } from "commander";
import { candidatesFor } from "./completion/candidates.ts";
import { FILES_WANTED, SCRIPTS } from "./completion/scripts.ts";
import { printable } from "./output.ts";

type Shell = keyof typeof SCRIPTS;

const HOW = `
To have it in every new shell:
  bash  echo 'eval "$(countinghouse completion bash)"' >> ~/.bashrc
  zsh   echo 'eval "$(countinghouse completion zsh)"' >> ~/.zshrc      (below compinit)
  fish  countinghouse completion fish > ~/.config/fish/completions/countinghouse.fish

It asks the program that is found as countinghouse, so it goes with whatever version that is.`;

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("Print what a shell needs to complete this command line")
    .addArgument(new Argument("<shell>", "which").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", HOW)
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell]));
  // What the shells ask.
  program.command("complete [words...]", { hidden: true }).action((words: string[]) => {
    const { items, files } = candidatesFor(program, words);
    const lines = items.map(({ value, description }) => `${value}\t${printable(description)}`);
    for (const line of files ? [...lines, FILES_WANTED] : lines) process.stdout.write(`${line}\n`);
  });
}
