/** Who may import whom in the client. */
import { describe, expect, test } from "vitest";
import { filesIn, importsOf, isTestCode } from "./sources.ts";

const CLIENT = "packages/client/src/";

/** The client runs on any runtime: only these rooms and files may know Node, and nothing may know the server. */
const CLIENT_ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "platform/node.ts": ["node:crypto", "node:http"],
  "platform/surroundings.ts": ["node:fs", "node:os"],
  "transport/agent.ts": ["node:http", "node:net"],
  "transport/connection.ts": ["node:net"],
  "transport/sockets.ts": ["node:net"],
};

describe("imports of the client", () => {
  const files = filesIn(CLIENT, /\.ts$/).filter((file) => !isTestCode(file));

  test("lead to the protocol and to itself, and to Node from where Node is at home", () => {
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter(
          (specifier) => !specifier.startsWith(".") && !["@countinghouse/protocol", "#platform"].includes(specifier),
        )
        .filter(
          (specifier) => !CLIENT_ALLOWED[file.slice(CLIENT.length)]?.some((allowed) => specifier.startsWith(allowed)),
        )
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(files.length).toBeGreaterThan(30);
    expect(strays).toEqual([]);
  });

  test("choose a platform in one place", () => {
    const choosing = files.filter((file) =>
      importsOf(file).some(
        (specifier) => specifier === "#platform" || /\/platform\/(node|server-side)\.ts$/.test(specifier),
      ),
    );
    expect(choosing).toEqual([`${CLIENT}runtime.ts`]);
  });

  test("never lead from elsewhere into the files for Node, but from the platform for Node", () => {
    const strays = files
      .filter((file) => !/\/(platform|transport)\//.test(file))
      .flatMap((file) =>
        importsOf(file).filter((specifier) => /transport\/(agent|connection|sockets)\.ts$/.test(specifier)),
      );
    expect(strays).toEqual([]);
  });
});
