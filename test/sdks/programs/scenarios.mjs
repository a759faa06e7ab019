/**
 * What the programs in JavaScript share: the scenarios from standard input, what came of their calls to standard output.
 * docs/SDKS.md says what both look like.
 */
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

/** `callsOf` is given a scenario and answers what makes one call; `refusalOf` names the error it throws. */
export async function run(callsOf, refusalOf) {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const answers = [];
  for (const scenario of JSON.parse(Buffer.concat(chunks).toString())) {
    const make = callsOf(scenario);
    const answer = (call) => make(call).then((output) => ({ output }), refusalOf);
    if (scenario.atOnce !== true) {
      const inOrder = [];
      for (const call of scenario.calls) inOrder.push(await answer(call));
      answers.push(inOrder);
      continue;
    }
    await delay(Math.max(0, scenario.notBeforeMs - Date.now()));
    answers.push(await Promise.all(scenario.calls.map(answer)));
  }
  process.stdout.write(JSON.stringify(answers));
}

const TIMES = new Set(["Timestamp", "StartTime", "EndTime"]);

/** The input with its times as `timeOf` makes them of their text. */
export function withTimes(input, timeOf) {
  return JSON.parse(JSON.stringify(input), (key, value) => (TIMES.has(key) ? timeOf(value) : value));
}
