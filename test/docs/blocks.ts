/** The shell blocks of the documents, and what each says of being run. */
import { filesIn, textOf } from "../tidy/sources.ts";

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  /** The test that runs it, where another one does than the suite of the documents. */
  readonly runBy?: string;
  /** Why nobody runs it. */
  readonly notRun?: string;
}

/**
 * A block that begins with three backticks and `sh`. On the line before it may stand `<!-- run by test/… -->` or
 * `<!-- not run: why -->`; where nothing stands, the suite runs it.
 */
const BLOCK = /(?:^<!-- (?:run by (\S+)|not run: (.+)) -->\n)?^```sh\n([\s\S]*?)^```$/gm;

export const blocks: readonly Block[] = filesIn(".", /\.md$/).flatMap((page) => {
  const whole = textOf(page);
  return [...whole.matchAll(BLOCK)].map(({ index, 1: runBy, 2: notRun, 3: text = "" }) => ({
    page,
    line: whole.slice(0, index).split("\n").length,
    text,
    ...(runBy === undefined ? {} : { runBy }),
    ...(notRun === undefined ? {} : { notRun }),
  }));
});
