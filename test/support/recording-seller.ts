/** A seller's site that records what browsers send, and answers as a test says. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface SiteAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface RecordingSeller {
  readonly port: number;
  readonly received: readonly Recorded[];
}

/** Ends with the test. Reachable as 127.0.0.1 and as localhost, which are two sites to a browser. */
export async function recordingSeller(
  answer: (request: Recorded) => SiteAnswer = () => ({ body: "<title>The seller</title>" }),
): Promise<RecordingSeller> {
  const received: Recorded[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const recorded = { method, url, headers, body: Buffer.concat(chunks).toString() };
      if (url !== "/favicon.ico") received.push(recorded);
      const { status = 200, headers: sent = {}, body = "" } = answer(recorded);
      response.writeHead(status, { "Content-Type": "text/html; charset=utf-8", ...sent });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, received };
}
