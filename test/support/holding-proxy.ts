/** A proxy before an operator API that never answers some requests. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Served } from "./server.ts";

interface HoldingProxy {
  /** For commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when such a request has come. */
  readonly held: Promise<void>;
}

/** `isHeld` sees the method and the path with its query. */
export async function holdingProxy(
  { operatorUrl, operatorToken }: Served,
  isHeld: (request: string) => boolean,
): Promise<HoldingProxy> {
  const { pathname, origin } = new URL(operatorUrl);
  const held = Promise.withResolvers<void>();
  const proxy = createServer((request, response) => {
    if (isHeld(`${request.method} ${request.url}`)) {
      held.resolve();
      return;
    }
    void (async () => {
      const answer = await fetch(`${origin}${request.url}`, {
        method: request.method ?? "GET",
        headers: { authorization: `Bearer ${operatorToken}`, accept: request.headers.accept ?? "" },
      });
      const type = answer.headers.get("content-type") ?? "";
      response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}${pathname}`;
  return {
    env: { COUNTINGHOUSE_OPERATOR_URL: url, COUNTINGHOUSE_OPERATOR_TOKEN: operatorToken },
    held: held.promise,
  };
}
