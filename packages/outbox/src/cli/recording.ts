/** `record`: for shells, and for languages that have no other way to an outbox in a file. */
import type { Command } from "commander";
import { AtRisk, print } from "./output.ts";
import { withOutbox } from "./opening.ts";

interface RecordOptions {
  readonly tags?: string;
}

export function addRecording(program: Command): void {
  program
    .command("record")
    .argument("<reading>", "its own id: the same reading again, under the same id, counts once")
    .argument("<tenant>")
    .argument("<meter>")
    .argument("<quantity>", "a decimal number; below zero takes back")
    .argument("<at>", "when it was used, with a zone, such as 2026-11-29T10:15:00Z")
    .option("--tags <json>", 'by what its quantity is split, such as \'{"team":"blue"}\'')
    .description("record a reading; exit 1 unless it is recorded, or was before")
    .action(
      (
        readingId: string,
        tenant: string,
        meter: string,
        quantity: string,
        at: string,
        options: RecordOptions,
        command: Command,
      ) =>
        withOutbox(command, async (outbox) => {
          const tags = options.tags === undefined ? undefined : tagsOf(options.tags);
          const [answer] = await outbox.record({ readingId, tenant, meter, quantity, at, tags });
          if (answer === undefined) throw new Error("The store did not say what became of the reading.");
          print("message" in answer ? `${answer.answer}: ${answer.message}` : answer.answer);
          if (answer.answer !== "recorded" && answer.answer !== "known") throw new AtRisk();
        }),
    );
}

/** Only what is no JSON is refused here; what tags may be is judged where all readings are. */
function tagsOf(text: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, string>>;
  } catch {
    throw new TypeError(`--tags is ${JSON.stringify(text)}; expected JSON, such as {"team":"blue"}.`);
  }
}
