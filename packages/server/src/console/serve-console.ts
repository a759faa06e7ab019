/**
 * Serves the console at `/console/`: files from memory, and for every other path below it the page itself, whose screens have
 * addresses of their own. It has no data: the page asks the operator API, with a token that never comes here.
 */
import type { IncomingMessage } from "node:http";
import type { CountedResponse } from "../listener/connections/counted-response.ts";
import { isOwnHost } from "../listener/own-host.ts";
import type { ConsoleFile, ConsoleFiles } from "./console-files.ts";

const CONSOLE_PATH = "/console/";

interface ConsoleOptions {
  readonly files: ConsoleFiles;
  /** The address or name that the server was told to bind to. */
  readonly ownHost: string;
}

type Serve = (request: IncomingMessage, response: CountedResponse) => void;

/** Nothing inline, nothing from elsewhere, no text ever taken for markup or code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  Vary: "Accept-Encoding",
} as const;

const PLAIN = "text/plain; charset=utf-8";

const NOT_BUILT = "The console has not been built. In a checkout, npm start builds it; what went wrong stands there.\n";
const OTHER_HOST = "The console is not served under this name. Open it by the server's address, or as localhost.\n";

export function serveConsole({ files, ownHost }: ConsoleOptions): Serve {
  return (request, response) => {
    request.resume();
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    if (!isOwnHost(request.headers.host, ownHost)) return answerText(request, response, 403, OTHER_HOST);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return answerText(request, response, 405, "The console is only read.\n");
    }
    if (path === CONSOLE_PATH.slice(0, -1)) {
      response.setHeader("Location", CONSOLE_PATH);
      return answerText(request, response, 308, `It is at ${CONSOLE_PATH}\n`);
    }
    const name = path.slice(CONSOLE_PATH.length);
    // A screen's path is the page; a file that is not there is not, or an old page would take one for its script.
    const file = files.get(name) ?? (name.startsWith("assets/") ? undefined : files.get("index.html"));
    if (file !== undefined) return answerFile(request, response, file);
    const isBuilt = files.size > 0;
    answerText(request, response, isBuilt ? 404 : 503, isBuilt ? "There is no such file.\n" : NOT_BUILT);
  };
}

function answerFile(request: IncomingMessage, response: CountedResponse, file: ConsoleFile): void {
  const { body, encoding } = formOf(file, request.headers["accept-encoding"] ?? "");
  if (!response.hasRoom(body.length)) {
    return answerText(request, response, 503, "Too much is held for your network. Try again.\n");
  }
  answer(request, response, 200, body, {
    "Content-Type": file.type,
    "Cache-Control": file.isImmutable ? "public, max-age=31536000, immutable" : "no-store",
    ...(encoding === undefined ? {} : { "Content-Encoding": encoding }),
  });
}

interface Form {
  readonly body: Buffer;
  readonly encoding?: string;
}

/** The smallest form that the browser says it reads. */
function formOf({ plain, gzip, brotli }: ConsoleFile, accepted: string): Form {
  const reads = (encoding: string): boolean =>
    accepted.split(",").some((one) => {
      const [name = "", ...parameters] = one.split(";").map((part) => part.trim().toLowerCase());
      return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
  if (brotli !== undefined && reads("br")) return { body: brotli, encoding: "br" };
  if (gzip !== undefined && reads("gzip")) return { body: gzip, encoding: "gzip" };
  return { body: plain };
}

function answerText(request: IncomingMessage, response: CountedResponse, status: number, text: string): void {
  answer(request, response, status, Buffer.from(text), { "Content-Type": PLAIN, "Cache-Control": "no-store" });
}

function answer(
  request: IncomingMessage,
  response: CountedResponse,
  status: number,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { ...HEADERS, ...headers, "Content-Length": body.length });
  response.end(request.method === "HEAD" ? undefined : body);
}
