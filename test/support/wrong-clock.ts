/** The environment of a server whose machine has the wrong time. */
export function wrongClock(byMs: number): Readonly<Record<string, string>> {
  const program = `const right = Date.now; Date.now = () => right() + (${byMs});`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}
