/** A small HTTP server that records its requests, and answers, or does not answer, as a test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface HeardRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What happens to a request: an answer, or what a test does with the socket. */
export type Script = (
  request: HeardRequest,
  index: number,
  socket: { readonly incoming: IncomingMessage; readonly response: ServerResponse },
) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>;

export interface Listener {
  readonly url: string;
  readonly heard: readonly HeardRequest[];
  /** How many connections are open. */
  connections(): Promise<number>;
}

/** Ends with the test. A request for which the script answers nothing stays unanswered. */
export async function listen(script: Script): Promise<Listener> {
  const heard: HeardRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const request = { method, url, headers, text: Buffer.concat(chunks).toString() };
      heard.push(request);
      void answer(request, heard.length - 1);
    });
    const answer = async (request: HeardRequest, index: number): Promise<void> => {
      const scripted = await script(request, index, { incoming, response });
      if (scripted === undefined) return;
      const { status = 200, headers = {}, body = {} } = scripted;
      response.writeHead(status, { "x-amzn-requestid": `request-${index + 1}`, ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    connections: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
  };
}

/** An error as AWS JSON 1.1 services send it. */
export function wireError(name: string, status = 400, message = "So it is."): ScriptedAnswer {
  return { status, body: { __type: name, message } };
}
